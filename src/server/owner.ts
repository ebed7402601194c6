/** Whom everything on this server belongs to. */

import type { Owner } from '../protocol/xml-bucket.js'

export const OWNER: Owner = { id: '1000000000000001', displayName: '1000000000000001' }
