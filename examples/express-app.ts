/** An Express app that streams the file of a form into OSS with busboy. Example 25 and its tests start it. */
import { randomUUID } from 'node:crypto'
import { finished, type Readable, type Writable } from 'node:stream'
import busboy from 'busboy'
import express, { type Express } from 'express'
import { type OssWriteStreamOptions, type UploadResult, uploadToOss } from 'osspipe'

/** `POST /upload` of a form with one file of at most `maxBytes` is answered with 201 and its place, or with why not. */
export function createExpressApp(maxBytes: number, options: OssWriteStreamOptions = {}): Express {
  const app = express()
  app.post('/upload', async (request, response) => {
    const uploads: Promise<UploadResult>[] = []
    try {
      const form = busboy({ headers: request.headers, limits: { files: 1, fileSize: maxBytes } })
      form.on('file', (_field, file, { mimeType }) => {
        const upload = uploadToOss(file, `oss://demo/uploads/${randomUUID()}`, {
          ...options,
          contentType: mimeType,
          // busboy ends a file at its limit as if it were whole.
          beforeComplete() {
            if (file.truncated) throw new RangeError(`The file has more than ${maxBytes} bytes`)
          },
        })
        uploads.push(upload)
        // What is left of the form is not for anybody any more.
        upload.catch((error) => form.destroy(error))
      })
      await parse(request, form)
      const [stored] = await Promise.all(uploads)
      if (stored === undefined) response.status(400).send('There is no file in the form\n')
      else response.status(201).json({ key: stored.key, size: stored.size })
    } catch (error) {
      // No answer before all is cleaned up.
      await Promise.allSettled(uploads)
      // Most clients look at the answer when they have sent everything.
      request.resume()
      response.status(error instanceof RangeError ? 413 : 400)
      response.send(`${error instanceof Error ? error.message : error}\n`)
    }
  })
  return app
}

/** Not `pipeline()`, which would close the connection that the answer has to take. */
function parse(request: Readable, form: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    finished(form, (error) => (error ? reject(error) : resolve()))
    // A client that goes away ends neither the form nor its file: this does.
    finished(request, { writable: false }, (error) => error && form.destroy(error))
    request.pipe(form)
  })
}
