import { describe, expect, it } from 'vitest'
import { encodeLifecycle, type LifecycleRule } from '../../src/protocol/xml-lifecycle.js'
import { isDue } from '../../src/server/lifecycle.js'
import { startServer } from '../helpers/start-server.js'
import { World } from './rules/rule.js'

const DAY = 86_400_000

/** A server whose clock stands where the test puts it. */
async function startWorld() {
  let now = Date.parse('2026-01-10T12:00:00Z')
  const server = await startServer({ now: () => now })
  const world = new World(server)
  const call = world.call.bind(world)
  world.call = (options) => call({ date: new Date(now), ...options })
  return { world, server, pass: (ms: number) => (now += ms) }
}

function put(world: World, ...rules: LifecycleRule[]) {
  return world.bucket('PUT', { lifecycle: '' }, { body: encodeLifecycle(rules) })
}

const ABORT: LifecycleRule = { prefix: 'tmp/', enabled: true, abortMultipartUpload: { days: 7 } }

describe('the AbortMultipartUpload rule', () => {
  it('aborts what is old enough under its prefix, and nothing else', async () => {
    const { world, server, pass } = await startWorld()
    await put(world, ABORT)
    const old = await world.initiate({}, 'tmp/old')
    await world.part(old, 1, 'part', { key: 'tmp/old' })
    const elsewhere = await world.initiate({}, 'other')
    pass(6 * DAY)
    const young = await world.initiate({}, 'tmp/young')
    pass(1 * DAY)
    expect(await server.runLifecycle()).toBe(1)
    const left = server.uploads.list().map((upload) => upload.uploadId)
    expect(left.sort()).toEqual([elsewhere, young].sort())
    expect(server.storedBodies).toBe(0)
  })

  it('is carried out by whatever request comes next', async () => {
    const { world, server, pass } = await startWorld()
    await put(world, ABORT)
    await world.initiate({}, 'tmp/old')
    pass(7 * DAY)
    await world.get()
    expect(server.uploads.list()).toEqual([])
  })

  it('does nothing while it is disabled', async () => {
    const { world, server, pass } = await startWorld()
    await put(world, { ...ABORT, enabled: false })
    await world.initiate({}, 'tmp/old')
    pass(30 * DAY)
    expect(await server.runLifecycle()).toBe(0)
  })
})

it('the Expiration rule deletes objects', async () => {
  const { world, server, pass } = await startWorld()
  await put(world, { prefix: '', enabled: true, expiration: { days: 1 } })
  await world.put('old', {}, 'old')
  pass(DAY - 1)
  await world.put('young', {}, 'young')
  pass(1)
  expect(await server.runLifecycle()).toBe(1)
  expect(server.objects.list().map((object) => object.key)).toEqual(['young'])
})

it.each([
  [{ days: 1 }, 0, DAY - 1, false],
  [{ days: 1 }, 0, DAY, true],
  [{ createdBeforeDate: '1970-01-02T00:00:00.000Z' }, DAY - 1, 5 * DAY, true],
  [{ createdBeforeDate: '1970-01-02T00:00:00.000Z' }, DAY, 5 * DAY, false],
])('what began at %j: since %i, now %i: %s', (time, since, now, due) => {
  expect(isDue(time, since, now)).toBe(due)
})

it('a date that is not midnight is refused', async () => {
  const { world } = await startWorld()
  const abortMultipartUpload = { createdBeforeDate: '2026-01-01T01:00:00.000Z' }
  const reply = await put(world, { prefix: '', enabled: true, abortMultipartUpload })
  expect(reply).toMatchObject({ status: 400, code: 'MalformedXML' })
})
