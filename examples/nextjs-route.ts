/**
 * A route handler of Next.js (app/upload/[name]/route.ts) that streams the body of a request into OSS. It is an
 * ordinary function of the web's Request and Response: so it runs in Hono, Remix or Bun, too.
 */
import { OssError, uploadToOss } from 'osspipe'

// Next.js: the Edge runtime has no node:stream.
export const runtime = 'nodejs'

export async function PUT(
  request: Request,
  { params }: { params: Promise<{ name: string }> },
): Promise<Response> {
  const { name } = await params
  const length = request.headers.get('content-length')
  try {
    const { size, url } = await uploadToOss(request, `oss://demo/uploads/${name}`, {
      contentType: request.headers.get('content-type') ?? undefined,
      // Aborted when the client goes away.
      signal: request.signal,
      // What is shorter than it said is not published.
      ...(length !== null && { expectedSize: Number(length), exactSize: true }),
    })
    return Response.json({ url, size }, { status: 201 })
  } catch (error) {
    // Of OSS, or of the client: it sent less than it said, or went away.
    const status = error instanceof OssError && error.code === 'ERR_OSS_UPLOAD' ? 502 : 400
    return new Response(`${error instanceof Error ? error.message : error}\n`, { status })
  }
}
