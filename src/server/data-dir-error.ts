/** Why a server cannot keep its things in the folder it was told to. */

import { OssError } from '../errors.js'

/** `in-use`: another server has it. `unusable`: the file system refused; `cause` says why. */
export type DataDirProblem = 'in-use' | 'unusable'

/** The folder `dataDir` cannot be used; nothing in it was changed. */
export class DataDirError extends OssError {
  override readonly code = 'ERR_OSS_DATA_DIR' as const
  readonly reason: DataDirProblem
  readonly dataDir: string

  constructor(reason: DataDirProblem, dataDir: string, cause?: unknown) {
    super(
      reason === 'in-use'
        ? `Another server uses the data folder ${dataDir}`
        : `Cannot keep data in ${dataDir}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause === undefined ? {} : { cause },
    )
    this.reason = reason
    this.dataDir = dataDir
  }
}
