/** Every failure @stillframe/oci can report. */
import { errorTable } from '@stillframe/core';

/** Builds an error of this package; the caller throws it. */
export const ociError = errorTable({
  ERR_OCI_REMOVE_UNSUPPORTED: { kind: 'unimplemented' },
  ERR_OCI_DOCUMENT_INVALID: {
    kind: 'invalid-argument',
    hint: 'the JSON document does not follow the OCI image specification',
  },
  ERR_OCI_DOCUMENT_TOO_LARGE: { kind: 'resource-exhausted', hint: 'no sound manifest or config is so large' },
  ERR_OCI_REFERENCE_INVALID: {
    kind: 'invalid-argument',
    hint: 'write [registry/]repository[:tag][@sha256:digest], or oci:PATH[:TAG]',
  },
  ERR_OCI_CONTENT_SHORT: { kind: 'data-loss', hint: 'fetch the content again from another copy' },
  ERR_OCI_CONTENT_LONG: { kind: 'data-loss', hint: 'the content is not what its descriptor says' },
  ERR_OCI_CONTENT_WRONG: {
    kind: 'data-loss',
    hint: 'the content was damaged or replaced; fetch it again from another copy',
  },
  ERR_OCI_BLOB_UNKNOWN: { kind: 'not-found', hint: 'it was copied in part: copy or push the image again' },
  ERR_OCI_MANIFEST_UNKNOWN: { kind: 'not-found', hint: 'check the tag or digest' },
  ERR_OCI_IMAGE_PINNED: { kind: 'failed-precondition', hint: '`stillframe image unpin` takes the pin away' },
  ERR_OCI_TAG_MOVED: { kind: 'unavailable', hint: 'somebody else wrote there at the same time; try again' },
  ERR_OCI_LAYOUT_INVALID: {
    kind: 'failed-precondition',
    hint: 'name a folder that holds oci-layout, index.json and blobs',
  },
  ERR_OCI_REGISTRY_UNREACHABLE: {
    kind: 'unavailable',
    hint: 'check the registry name, the network and its certificate',
  },
  ERR_OCI_REGISTRY_UNTRUSTED: {
    kind: 'failed-precondition',
    hint: 'lay its CA ready as certs.d/HOST:PORT/ca.crt (containers-certs.d(5)), with client.cert and client.key where it asks for them',
  },
  ERR_OCI_REGISTRY_BROKEN: { kind: 'unavailable', hint: 'the connection broke; try again' },
  ERR_OCI_REGISTRY_UNAVAILABLE: { kind: 'unavailable', hint: 'the registry has a fault of its own; try again later' },
  ERR_OCI_REGISTRY_THROTTLED: {
    kind: 'resource-exhausted',
    hint: 'the registry asks for fewer requests; try again later',
  },
  ERR_OCI_REGISTRY_UNAUTHORIZED: {
    kind: 'unauthenticated',
    hint: 'log in to the registry (`skopeo login`), or name the file with REGISTRY_AUTH_FILE',
  },
  ERR_OCI_REGISTRY_DENIED: { kind: 'permission-denied', hint: 'these credentials do not allow this' },
  ERR_OCI_REGISTRY_REFUSED: { kind: 'failed-precondition' },
  ERR_OCI_REGISTRY_PROTOCOL: {
    kind: 'internal',
    hint: 'the registry does not follow the OCI distribution specification',
  },
  ERR_OCI_POLICY_INVALID: {
    kind: 'failed-precondition',
    hint: 'containers-policy.json(5) says what may stand there; --policy names another file, --insecure-policy does without',
  },
  ERR_OCI_IMAGE_REFUSED: {
    kind: 'permission-denied',
    hint: 'have it signed by a key that the policy trusts (`stillframe image sign`), or trust the one that signed it',
  },
  ERR_OCI_SIGNATURES_FULL: { kind: 'resource-exhausted', hint: 'remove those that nobody needs' },
  ERR_OCI_RANGE_IGNORED: { kind: 'unimplemented', hint: 'pull the image into a layout and read it there' },
  ERR_OCI_LAYER_ENCRYPTED: {
    kind: 'failed-precondition',
    hint: 'give the private key of one of them with --decryption-key; a node uses those in its folder images.decryptionKeys',
  },
  ERR_OCI_LAYER_KEYS_WRONG: {
    kind: 'permission-denied',
    hint: 'it takes the private key of one of those that it is encrypted for; `stillframe image inspect` tells their key ids',
  },
  ERR_OCI_LAYER_FORGED: {
    kind: 'data-loss',
    hint: 'the encrypted layer was damaged or replaced; fetch it again from another copy',
  },
  ERR_OCI_ENCRYPTION_INVALID: {
    kind: 'data-loss',
    hint: 'what stands about the encryption in the manifest is damaged or forged',
  },
  ERR_OCI_ENCRYPTION_UNSUPPORTED: {
    kind: 'unimplemented',
    hint: 'a layer can be encrypted where it is a tar, plain, gzip or zstd, and decrypted where its key is wrapped by jwe',
  },
  ERR_OCI_KEY_INVALID: {
    kind: 'invalid-argument',
    hint: 'RSA of 2048 bits or more, or EC on P-256, P-384 or P-521, in PEM',
  },
  ERR_OCI_CREDENTIALS_INVALID: {
    kind: 'invalid-argument',
    hint: 'log in again (`skopeo login`), which writes the file anew',
  },
});

/** What `resolve` throws for a tag or digest that is not there; for stores of other packages. */
export function manifestUnknown(message: string) {
  return ociError('ERR_OCI_MANIFEST_UNKNOWN', message);
}

/** What removing a pinned image throws; for stores that tell pins by other means than a layout does. */
export function imagePinned(message: string) {
  return ociError('ERR_OCI_IMAGE_PINNED', message);
}
