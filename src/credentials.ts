/**
 * Who signs: credentials as given, from the environment, or from a provider, cached and refreshed.
 * Never prints or repeats a secret.
 */

/** Credentials of an Alibaba Cloud account, RAM user or STS session. */
export interface Credentials {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken?: string | undefined
  /** When they cease to be valid: a date, an ISO 8601 text, or milliseconds since 1970. */
  readonly expiration?: Date | string | number | undefined
}

/** Gives credentials on demand; what it gives is kept until shortly before its expiration. */
export type CredentialsProvider = (context: {
  readonly signal?: AbortSignal | undefined
}) => Credentials | Promise<Credentials>

/** Anything with `getCredential()`, such as a client of npm `@alicloud/credentials`. */
export interface CredentialClient {
  getCredential(): unknown
}

/** What users may pass as `credentials`. `stsToken` is ali-oss's name for `securityToken`. */
export type CredentialsSource =
  | (Credentials & { readonly stsToken?: string | undefined })
  | CredentialsProvider
  | CredentialClient
