/** All objects of a bucket, page after page. */
import type { ListedObject, OssClient } from '../index.js'

export interface ObjectPage {
  readonly objects: readonly ListedObject[]
  /** Where keys are folded at `/`. */
  readonly folders: readonly string[]
}

/** @param folded whether keys are folded at the first `/` behind the prefix */
export async function* objectPages(
  client: OssClient,
  prefix: string,
  folded: boolean,
): AsyncGenerator<ObjectPage, void, undefined> {
  let continuationToken: string | undefined
  do {
    const page = await client.listObjects({
      prefix,
      continuationToken,
      maxKeys: 1000,
      ...(folded && { delimiter: '/' }),
    })
    yield { objects: page.objects, folders: page.commonPrefixes }
    continuationToken = page.nextContinuationToken
  } while (continuationToken !== undefined)
}
