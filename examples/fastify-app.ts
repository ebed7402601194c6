/** A Fastify app that streams the file of a form into OSS with @fastify/multipart. Example 26 and its tests start it. */
import { randomUUID } from 'node:crypto'
import multipart from '@fastify/multipart'
import fastify, { type FastifyInstance } from 'fastify'
import { type OssWriteStreamOptions, uploadToOss } from 'osspipe'

/** `POST /upload` of a form with one file of at most `maxBytes` is answered with 201 and its place, or with why not. */
export async function createFastifyApp(
  maxBytes: number,
  options: OssWriteStreamOptions = {},
): Promise<FastifyInstance> {
  const app = fastify()
  await app.register(multipart, { limits: { files: 1, fileSize: maxBytes } })
  app.post('/upload', async (request, reply) => {
    const part = await request.file()
    if (part === undefined) return reply.code(400).send('There is no file in the form\n')
    const { file, mimetype } = part
    const { key, size } = await uploadToOss(file, `oss://demo/uploads/${randomUUID()}`, {
      ...options,
      contentType: mimetype,
      // The parser ends a file at its limit as if it were whole; a client that goes away makes it fail.
      beforeComplete() {
        if (file.truncated) throw new app.multipartErrors.RequestFileTooLargeError()
      },
    })
    return reply.code(201).send({ key, size })
  })
  return app
}
