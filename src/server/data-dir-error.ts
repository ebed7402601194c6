/** Why a server cannot keep its things in the folder it was told to. */

import { OssError } from '../errors.js'

/**
 * `in-use`: another server has it. `foreign`: no server made it, and it is not empty. `unusable`: the
 * file system refused; `cause` says why.
 */
export type DataDirProblem = 'in-use' | 'foreign' | 'unusable'

/** The folder `dataDir` cannot be used; nothing in it was changed. */
export class DataDirError extends OssError {
  override readonly code = 'ERR_OSS_DATA_DIR' as const
  readonly reason: DataDirProblem
  readonly dataDir: string

  constructor(reason: DataDirProblem, dataDir: string, cause?: unknown) {
    super(describe(reason, dataDir, cause), cause === undefined ? {} : { cause })
    this.reason = reason
    this.dataDir = dataDir
  }
}

function describe(reason: DataDirProblem, dataDir: string, cause: unknown): string {
  if (reason === 'in-use') return `Another server uses the data folder ${dataDir}`
  const why = cause instanceof Error ? cause.message : String(cause)
  return `Cannot keep data in ${dataDir}: ${why}`
}
