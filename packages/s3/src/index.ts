/** Objects in a store that speaks S3. */
export { Bucket, type FoundObject, type ObjectFacts, type ObjectLock } from './bucket.ts';
export { s3Error } from './errors.ts';
export { partSizeOf, upload } from './multipart.ts';
export type { S3Credentials, S3Place } from './request.ts';
