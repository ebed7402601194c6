import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../src/errors.js'
import { nearestName, refuseUnknown } from '../src/unknown-option.js'

const known = ['partSize', 'concurrency', 'region', 'internal']

describe('refuseUnknown', () => {
  it.each([
    ['partsize', 'partSize'],
    ['partSiz', 'partSize'],
    ['concurency', 'concurrency'],
    ['regions', 'region'],
    ['bananas', undefined],
    ['', undefined],
  ])('takes `%s` for %s', (name, meant) => {
    expect(nearestName(name, known)).toBe(meant)
  })

  it('names the option, its owner and the nearest name', () => {
    const refuse = () => refuseUnknown({ region: 1, partSizes: 2 }, known, 'OssClient')
    expect(refuse).toThrow(InvalidOptionError)
    expect(refuse).toThrow('Unknown option `partSizes` of OssClient; did you mean `partSize`?')
  })

  it('accepts what is known, also if it is undefined', () => {
    expect(() => refuseUnknown({ region: undefined }, known, 'OssClient')).not.toThrow()
  })
})
