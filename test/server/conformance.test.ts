import { describe, it } from 'vitest'
import { startServer } from '../helpers/start-server.js'
import { ACCESS_RULES } from './rules/access.js'
import { BUCKET_RULES } from './rules/buckets.js'
import { COMPLETE_RULES } from './rules/complete.js'
import { COPY_RULES } from './rules/copies.js'
import { MULTIPART_RULES } from './rules/multipart.js'
import { OBJECT_RULES } from './rules/objects.js'
import { World } from './rules/rule.js'
import { WIRE_RULES } from './rules/wire.js'

describe.each([
  { subject: 'objects', rules: OBJECT_RULES },
  { subject: 'multipart uploads', rules: MULTIPART_RULES },
  { subject: 'copies and appends', rules: COPY_RULES },
  { subject: 'completing and aborting', rules: COMPLETE_RULES },
  { subject: 'buckets', rules: BUCKET_RULES },
  { subject: 'access', rules: ACCESS_RULES },
  { subject: 'the wire', rules: WIRE_RULES },
])('$subject', ({ rules }) => {
  it.each(rules.map((one) => [one.rule, one.source, one] as const))(
    '%s (%s)',
    async (_, __, one) => {
      const cnames = { 'files.example.com': 'bucket' }
      await one.run(new World(await startServer({ cnames })))
    },
  )
})
