import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/errors.js'
import {
  addressOf,
  checkBucketName,
  checkObjectKey,
  type EndpointOptions,
  parseTarget,
  resolveEndpoint,
  standardRegion,
  urlOf,
} from '../../src/protocol/endpoint.js'
import { percentDecode, percentEncodePath } from '../../src/protocol/percent-encoding.js'

const messageOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof InvalidOptionError) return `${error.option}: ${error.message}`
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('resolveEndpoint', () => {
  const rows: [string, EndpointOptions, string, string, string?][] = [
    // options → origin, style, region
    [
      'public',
      { region: 'cn-hangzhou' },
      'https://oss-cn-hangzhou.aliyuncs.com',
      'virtual-host',
      'cn-hangzhou',
    ],
    [
      'public, old spelling',
      { region: 'oss-us-west-1' },
      'https://oss-us-west-1.aliyuncs.com',
      'virtual-host',
      'us-west-1',
    ],
    [
      'internal',
      { region: 'cn-hangzhou', internal: true },
      'https://oss-cn-hangzhou-internal.aliyuncs.com',
      'virtual-host',
      'cn-hangzhou',
    ],
    [
      'dual stack',
      { region: 'cn-hangzhou', dualStack: true },
      'https://cn-hangzhou.oss.aliyuncs.com',
      'virtual-host',
      'cn-hangzhou',
    ],
    [
      'accelerate',
      { region: 'cn-hangzhou', accelerate: true },
      'https://oss-accelerate.aliyuncs.com',
      'virtual-host',
      'cn-hangzhou',
    ],
    [
      'accelerate without region',
      { accelerate: true },
      'https://oss-accelerate.aliyuncs.com',
      'virtual-host',
    ],
    [
      'accelerate overseas',
      { region: 'cn-hangzhou', accelerate: 'overseas' },
      'https://oss-accelerate-overseas.aliyuncs.com',
      'virtual-host',
      'cn-hangzhou',
    ],
    [
      'not secure',
      { region: 'cn-hangzhou', secure: false },
      'http://oss-cn-hangzhou.aliyuncs.com',
      'virtual-host',
      'cn-hangzhou',
    ],
    [
      'all off',
      {
        region: 'cn-hangzhou',
        internal: false,
        dualStack: false,
        accelerate: false,
        cname: false,
        pathStyle: false,
      },
      'https://oss-cn-hangzhou.aliyuncs.com',
      'virtual-host',
      'cn-hangzhou',
    ],
    [
      'bare host',
      { endpoint: 'oss-cn-beijing.aliyuncs.com' },
      'https://oss-cn-beijing.aliyuncs.com',
      'virtual-host',
      'cn-beijing',
    ],
    [
      'bare host, not secure',
      { endpoint: 'oss-cn-beijing.aliyuncs.com', secure: false },
      'http://oss-cn-beijing.aliyuncs.com',
      'virtual-host',
      'cn-beijing',
    ],
    [
      'bare host, secure',
      { endpoint: 'oss-cn-beijing.aliyuncs.com', secure: true },
      'https://oss-cn-beijing.aliyuncs.com',
      'virtual-host',
      'cn-beijing',
    ],
    [
      'http',
      { endpoint: 'http://oss-cn-beijing.aliyuncs.com' },
      'http://oss-cn-beijing.aliyuncs.com',
      'virtual-host',
      'cn-beijing',
    ],
    [
      'https, upper case, slash',
      { endpoint: 'HTTPS://OSS-CN-Beijing.aliyuncs.com/' },
      'https://oss-cn-beijing.aliyuncs.com',
      'virtual-host',
      'cn-beijing',
    ],
    [
      'port',
      { endpoint: 'https://oss-cn-beijing.aliyuncs.com:8443' },
      'https://oss-cn-beijing.aliyuncs.com:8443',
      'virtual-host',
      'cn-beijing',
    ],
    [
      'default port',
      { endpoint: 'http://oss.example.com:80' },
      'http://oss.example.com:80',
      'virtual-host',
    ],
    [
      'internal host',
      { endpoint: 'oss-cn-beijing-internal.aliyuncs.com' },
      'https://oss-cn-beijing-internal.aliyuncs.com',
      'virtual-host',
      'cn-beijing',
    ],
    [
      'dual-stack host',
      { endpoint: 'cn-beijing.oss.aliyuncs.com' },
      'https://cn-beijing.oss.aliyuncs.com',
      'virtual-host',
      'cn-beijing',
    ],
    [
      'legacy host',
      { endpoint: 'http://oss.aliyuncs.com' },
      'http://oss.aliyuncs.com',
      'virtual-host',
      'cn-hangzhou',
    ],
    [
      'legacy internal host',
      { endpoint: 'oss-internal.aliyuncs.com' },
      'https://oss-internal.aliyuncs.com',
      'virtual-host',
      'cn-hangzhou',
    ],
    [
      'legacy VPC host',
      { endpoint: 'vpc100-oss-cn-hangzhou.aliyuncs.com' },
      'https://vpc100-oss-cn-hangzhou.aliyuncs.com',
      'virtual-host',
      'cn-hangzhou',
    ],
    [
      'accelerate host',
      { endpoint: 'oss-accelerate.aliyuncs.com' },
      'https://oss-accelerate.aliyuncs.com',
      'virtual-host',
    ],
    [
      'accelerate overseas host',
      { endpoint: 'oss-accelerate-overseas.aliyuncs.com' },
      'https://oss-accelerate-overseas.aliyuncs.com',
      'virtual-host',
    ],
    [
      'finance host',
      { endpoint: 'oss-cn-shanghai-finance-1-pub.aliyuncs.com' },
      'https://oss-cn-shanghai-finance-1-pub.aliyuncs.com',
      'virtual-host',
    ],
    [
      'cloud box host',
      { endpoint: 'cb-123.cn-hangzhou.oss-cloudbox.aliyuncs.com', region: 'cb-123' },
      'https://cb-123.cn-hangzhou.oss-cloudbox.aliyuncs.com',
      'virtual-host',
      'cb-123',
    ],
    [
      'look-alike host',
      { endpoint: 'oss-cn-beijing.aliyuncs.com.example.org' },
      'https://oss-cn-beijing.aliyuncs.com.example.org',
      'virtual-host',
    ],
    [
      'endpoint and region',
      { endpoint: 'oss-cn-beijing.aliyuncs.com', region: 'oss-cn-shanghai' },
      'https://oss-cn-beijing.aliyuncs.com',
      'virtual-host',
      'cn-shanghai',
    ],
    [
      'one-label host',
      { endpoint: 'http://oss-server:9000' },
      'http://oss-server:9000',
      'virtual-host',
    ],
    [
      'one-label host, path style',
      { endpoint: 'http://oss_server:9000', pathStyle: true },
      'http://oss_server:9000',
      'path',
    ],
    [
      'IPv4',
      { endpoint: 'http://127.0.0.1:9000', region: 'cn-hangzhou' },
      'http://127.0.0.1:9000',
      'path',
      'cn-hangzhou',
    ],
    ['IPv4 without scheme', { endpoint: '10.0.0.1' }, 'https://10.0.0.1', 'path'],
    ['IPv6', { endpoint: 'http://[::1]:9000' }, 'http://[::1]:9000', 'path'],
    ['IPv6 without scheme', { endpoint: '[2001:DB8::1]' }, 'https://[2001:db8::1]', 'path'],
    ['localhost', { endpoint: 'http://localhost:9000' }, 'http://localhost:9000', 'path'],
    [
      'below localhost',
      { endpoint: 'http://oss.localhost:9000' },
      'http://oss.localhost:9000',
      'path',
    ],
    [
      'localhost by choice',
      { endpoint: 'http://localhost:9000', pathStyle: false },
      'http://localhost:9000',
      'virtual-host',
    ],
    ['not localhost', { endpoint: 'http://notlocalhost' }, 'http://notlocalhost', 'virtual-host'],
    [
      'cname',
      { endpoint: 'https://files.example.com', cname: true, region: 'cn-hangzhou' },
      'https://files.example.com',
      'cname',
      'cn-hangzhou',
    ],
    [
      'cname of the bucket itself',
      { endpoint: 'my-bucket.oss-cn-hangzhou.aliyuncs.com', cname: true },
      'https://my-bucket.oss-cn-hangzhou.aliyuncs.com',
      'cname',
      'cn-hangzhou',
    ],
    [
      'cname to an address',
      { endpoint: 'http://127.0.0.1', cname: true },
      'http://127.0.0.1',
      'cname',
    ],
  ]
  it.each(rows)('%s: %j', (_, options, origin, style, region) => {
    const endpoint = resolveEndpoint(options)
    expect(`${endpoint.protocol}//${endpoint.host}`).toBe(origin)
    expect(endpoint.style).toBe(style)
    expect(endpoint.region).toBe(region)
  })

  const refused: [EndpointOptions, RegExp][] = [
    [{}, /^region: Expected `region` to be a region .*, got nothing$/],
    [{ region: '' }, /^region: .*got `` \(string\)$/],
    [{ region: 'CN-Hangzhou' }, /^region: .*got `CN-Hangzhou` \(string\)$/],
    [{ region: 'oss-cn-hangzhou.aliyuncs.com' }, /^region: /],
    [{ region: 'cn-hangzhou-internal' }, /^region: .*set `internal`/],
    [{ region: 'oss-accelerate' }, /^region: .*set `accelerate`/],
    [{ region: 'a/b' }, /^region: /],
    [{ endpoint: '' }, /^endpoint: Expected `endpoint` to be a host.*, got `` \(string\)$/],
    [{ endpoint: 'https://' }, /^endpoint: /],
    [
      { endpoint: 'https://oss.example.com/path' },
      /^endpoint: .*without path.*got `https:\/\/oss\.example\.com\/path`/,
    ],
    [{ endpoint: 'https://oss.example.com//' }, /^endpoint: /],
    [{ endpoint: 'oss.example.com?x=1' }, /^endpoint: /],
    [{ endpoint: 'oss.example.com#x' }, /^endpoint: /],
    [{ endpoint: 'ftp://oss.example.com' }, /^endpoint: .*got `ftp:/],
    [{ endpoint: 'oss://bucket' }, /^endpoint: /],
    [{ endpoint: '//oss.example.com' }, /^endpoint: /],
    [{ endpoint: 'oss example.com' }, /^endpoint: /],
    [{ endpoint: ' oss.example.com' }, /^endpoint: /],
    [{ endpoint: 'oss.example.com\n' }, /^endpoint: /],
    [{ endpoint: 'oss..example.com' }, /^endpoint: /],
    [{ endpoint: '-oss.example.com' }, /^endpoint: /],
    [{ endpoint: 'öss.example.com' }, /^endpoint: /],
    [{ endpoint: 'oss.example.com\\x' }, /^endpoint: /],
    [{ endpoint: 'oss.example.com:' }, /^endpoint: /],
    [{ endpoint: 'oss.example.com:0' }, /^endpoint: /],
    [{ endpoint: 'oss.example.com:65536' }, /^endpoint: /],
    [{ endpoint: 'oss.example.com:80:80' }, /^endpoint: /],
    [{ endpoint: '300.0.0.1' }, /^endpoint: /],
    [{ endpoint: '127.1' }, /^endpoint: /],
    [{ endpoint: '0x7f.0x1' }, /^endpoint: /],
    [{ endpoint: '::1' }, /^endpoint: /],
    [{ endpoint: '[::g]' }, /^endpoint: /],
    [{ endpoint: '[fe80::1%25eth0]' }, /^endpoint: /],
    [{ endpoint: `${'a'.repeat(64)}.example.com` }, /^endpoint: /],
    [{ endpoint: 'https://oss.example.com', secure: false }, /^secure: .*got `false` and `https:/],
    [{ endpoint: 'http://oss.example.com', secure: true }, /^secure: /],
    [{ endpoint: 'http://127.0.0.1', pathStyle: false }, /^pathStyle: .*127\.0\.0\.1/],
    [{ region: 'cn-hangzhou', cname: true }, /^cname: .*`endpoint`/],
    [{ endpoint: 'files.example.com', cname: true, pathStyle: true }, /^pathStyle: .*`cname`/],
    [{ region: 'cn-hangzhou', internal: true, accelerate: true }, /^accelerate: .*`internal`/],
    [{ region: 'cn-hangzhou', internal: true, dualStack: true }, /^dualStack: /],
    [{ region: 'cn-hangzhou', dualStack: true, accelerate: 'overseas' }, /^accelerate: /],
    [{ endpoint: 'oss-cn-hangzhou.aliyuncs.com', internal: true }, /^internal: .*`endpoint`/],
    [{ endpoint: 'oss-cn-hangzhou.aliyuncs.com', dualStack: true }, /^dualStack: /],
    [{ endpoint: 'oss-cn-hangzhou.aliyuncs.com', accelerate: true }, /^accelerate: /],
    [{ endpoint: 'my-bucket.oss-cn-hangzhou.aliyuncs.com' }, /^endpoint: .*without the bucket/],
    [{ endpoint: 'my-bucket.oss-cn-hangzhou-internal.aliyuncs.com' }, /^endpoint: .*bucket/],
    [{ endpoint: 'my-bucket.oss-accelerate.aliyuncs.com' }, /^endpoint: .*without the bucket/],
    [{ endpoint: 'my-bucket.cn-hangzhou.oss.aliyuncs.com' }, /^endpoint: .*without the bucket/],
    [{ endpoint: 'mybucket.oss.aliyuncs.com' }, /^endpoint: .*without the bucket/],
  ]
  it.each(refused)('refuses %j', (options, message) => {
    expect(messageOf(() => resolveEndpoint(options))).toMatch(message)
  })

  it.each([
    ['endpoint', 7],
    ['endpoint', null],
    ['region', 7],
    ['internal', 'yes'],
    ['secure', 1],
    ['cname', null],
    ['pathStyle', 'true'],
    ['dualStack', 0],
    ['accelerate', 'everywhere'],
  ])('refuses %s of a wrong type: %j', (option, value) => {
    const options: EndpointOptions = { region: 'cn-hangzhou', ...{ [option]: value } }
    expect(messageOf(() => resolveEndpoint(options))).toMatch(new RegExp(`^${option}: `))
  })

  it.each([
    'https://AKID:hunter2@oss.example.com',
    'AKID:hunter2@oss.example.com',
    'https://AKID:hu?hunter2@oss.example.com',
    'https://oss.example.com/?Signature=hunter2',
    'https://oss.example.com/#hunter2',
  ])('never repeats the secret of %s', (endpoint) => {
    const message = messageOf(() => resolveEndpoint({ endpoint }))
    expect(message).toMatch(/^endpoint: Expected .*credentials/)
    expect(message).not.toMatch(/hunter2|AKID/)
  })
})

describe('addressOf', () => {
  const virtual = resolveEndpoint({ region: 'cn-hangzhou' })
  const path = resolveEndpoint({ endpoint: 'http://127.0.0.1:9000' })
  const cname = resolveEndpoint({ endpoint: 'files.example.com', cname: true })

  it.each([
    [virtual, undefined, undefined, 'https://oss-cn-hangzhou.aliyuncs.com', '/'],
    [virtual, 'my-bucket', undefined, 'https://my-bucket.oss-cn-hangzhou.aliyuncs.com', '/'],
    [virtual, 'my-bucket', 'a/b c', 'https://my-bucket.oss-cn-hangzhou.aliyuncs.com', '/a/b%20c'],
    [path, undefined, undefined, 'http://127.0.0.1:9000', '/'],
    [path, 'my-bucket', undefined, 'http://127.0.0.1:9000', '/my-bucket/'],
    [path, 'my-bucket', 'a/b c', 'http://127.0.0.1:9000', '/my-bucket/a/b%20c'],
    [cname, 'my-bucket', undefined, 'https://files.example.com', '/'],
    [cname, 'my-bucket', 'a/b c', 'https://files.example.com', '/a/b%20c'],
  ])('%j %s %s → %s%s', (endpoint, bucket, key, origin, wirePath) => {
    expect(addressOf(endpoint, bucket, key)).toEqual({ origin, path: wirePath })
  })

  it.each([
    ['a//b', '/a//b'],
    ['a/../b', '/a/../b'],
    ['./x', '/./x'],
    ['..', '/..'],
    ['%2F', '/%252F'],
    ['%2e%2e/x', '/%252e%252e/x'],
    ['+', '/%2B'],
    ['a b', '/a%20b'],
    ['a?b#c', '/a%3Fb%23c'],
    ['中文', '/%E4%B8%AD%E6%96%87'],
    ['🚀', '/%F0%9F%9A%80'],
    ['é'.repeat(511), `/${'%C3%A9'.repeat(511)}`],
  ])('sends the key %j as it is', (key, wirePath) => {
    expect(addressOf(virtual, 'my-bucket', key).path).toBe(wirePath)
    expect(addressOf(path, 'my-bucket', key).path).toBe(`/my-bucket${wirePath}`)
    expect(addressOf(cname, 'my-bucket', key).path).toBe(wirePath)
  })

  it('sends any key byte for byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (key) => {
        const sent = addressOf(virtual, 'my-bucket', key).path
        expect(sent).toBe(`/${percentEncodePath(key)}`)
        expect(percentDecode(sent.slice(1))).toBe(key)
      }),
    )
  })

  it('refuses a bucket that would change the host', () => {
    expect(() => addressOf(virtual, 'evil.example.com/', 'k')).toThrow(InvalidOptionError)
    expect(() => addressOf(virtual, undefined, 'k')).toThrow(InvalidOptionError)
  })

  it('refuses a legacy host that begins with the bucket, though it looks like a region', () => {
    const endpoint = resolveEndpoint({ endpoint: 'my-files.oss.aliyuncs.com' })
    expect(() => addressOf(endpoint, 'my-files', 'k')).toThrow(/without the bucket/)
    expect(addressOf(endpoint, 'other', 'k').origin).toBe('https://other.my-files.oss.aliyuncs.com')
  })
})

describe('urlOf', () => {
  it('joins origin and path', () => {
    const endpoint = resolveEndpoint({ region: 'cn-hangzhou' })
    expect(urlOf(endpoint, 'my-bucket', 'a b/中')).toBe(
      'https://my-bucket.oss-cn-hangzhou.aliyuncs.com/a%20b/%E4%B8%AD',
    )
  })
})

describe('checkBucketName', () => {
  it.each(['abc', 'a-b', '0a0', 'a'.repeat(63), 'a--b'])('takes %s', (bucket) => {
    expect(checkBucketName(bucket)).toBe(bucket)
  })

  it.each(['', 'ab', 'a'.repeat(64), '-ab', 'ab-', 'Abc', 'a_b', 'a.b', 'a/b', 'abc\n', 7, null])(
    'refuses %j',
    (bucket) => {
      expect(messageOf(() => checkBucketName(bucket, 'from'))).toMatch(
        /^from: Expected `from` to be a bucket name/,
      )
    },
  )
})

describe('checkObjectKey', () => {
  it.each(['a', 'a/', 'a//b', '../x', '.', ' ', '中', 'a\\b', 'a'.repeat(1023), '中'.repeat(341)])(
    'takes %j',
    (key) => {
      expect(checkObjectKey(key)).toBe(key)
    },
  )

  it.each([
    '',
    '/a',
    '\\a',
    'a'.repeat(1024),
    '中'.repeat(342),
    'a\ud800',
    '\udc00b',
    7,
    undefined,
  ])('refuses %j', (key) => {
    expect(messageOf(() => checkObjectKey(key))).toMatch(/^key: Expected `key` to be an object key/)
  })
})

describe('parseTarget', () => {
  it.each([
    ['oss://my-bucket/key', 'my-bucket', 'key'],
    ['oss://my-bucket/a//b/../c', 'my-bucket', 'a//b/../c'],
    ['oss://my-bucket/a%2Fb?c=d#e', 'my-bucket', 'a%2Fb?c=d#e'],
    ['oss://my-bucket/a b+中\n', 'my-bucket', 'a b+中\n'],
  ])('takes %j literally', (target, bucket, key) => {
    expect(parseTarget(target)).toEqual({ bucket, key })
  })

  it.each([
    'my-bucket/key',
    'oss:/my-bucket/key',
    'oss://my-bucket',
    'oss://my-bucket/',
    'oss:///key',
    'oss://My_Bucket/key',
    'oss://my-bucket//key',
    'OSS://my-bucket/key',
    's3://my-bucket/key',
    '',
  ])('refuses %j', (target) => {
    expect(messageOf(() => parseTarget(target))).toMatch(/^target: Expected `target` to be /)
  })

  it.each([
    'https://my-bucket.oss-cn-hangzhou.aliyuncs.com/key?Signature=hunter2',
    'oss://AKID:hunter2@my-bucket/key',
    'oss://AKID:hun/hunter2@my-bucket/key',
  ])('never repeats the secret of %s', (target) => {
    const message = messageOf(() => parseTarget(target))
    expect(message).not.toMatch(/hunter2|AKID/)
  })
})

describe('standardRegion', () => {
  it('strips oss- once', () => {
    expect(standardRegion('oss-cn-hangzhou')).toBe('cn-hangzhou')
    expect(standardRegion('cn-hangzhou')).toBe('cn-hangzhou')
  })

  it.each(['', 'oss-', '-cn', 'cn-', 'cn--x', 'cn hangzhou', 'cn-hangzhou\n', 3, null])(
    'refuses %j under the name it came with',
    (region) => {
      expect(messageOf(() => standardRegion(region, 'OSS_REGION'))).toMatch(/^OSS_REGION: /)
    },
  )
})
