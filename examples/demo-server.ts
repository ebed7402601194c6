/**
 * The embedded OSS server stands in for Alibaba Cloud, so that every example runs without an account.
 * With a real bucket leave it out, and set the variables below in the environment instead.
 */
import { createOssServer, type OssServer } from 'osspipe/server'

/** Starts a server with an empty bucket `demo`, and points this process's environment at it. */
export async function startDemoServer(): Promise<OssServer> {
  const server = await createOssServer({ buckets: ['demo'] })
  const { endpoint, region, credentials } = server.options()
  process.env.OSS_ENDPOINT = endpoint
  process.env.OSS_REGION = region
  process.env.OSS_ACCESS_KEY_ID = credentials.accessKeyId
  process.env.OSS_ACCESS_KEY_SECRET = credentials.accessKeySecret
  delete process.env.OSS_SESSION_TOKEN
  return server
}
