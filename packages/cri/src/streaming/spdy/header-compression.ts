/**
 * Compression of header blocks: one zlib stream a direction for the whole connection, each block ended by a sync flush.
 * Blocks must pass in the order of their frames, one at a time.
 */
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { serverError } from '../../errors.ts';
import { spdyDictionary } from './dictionary.ts';
import { BLOCK_LIMIT } from './header-block.ts';

export class HeaderCompression implements Disposable {
  readonly #deflate: Deflate = createDeflate({ dictionary: spdyDictionary });
  readonly #inflate: Inflate = createInflate({ dictionary: spdyDictionary, flush: constants.Z_SYNC_FLUSH });

  constructor() {
    // Between blocks nobody listens, and a failure is told to whoever waits for a block.
    for (const stream of [this.#deflate, this.#inflate]) stream.on('error', () => undefined);
  }

  /** The compressed form of `block`. */
  compress(block: Uint8Array): Promise<Buffer> {
    return through(this.#deflate, (done) => {
      this.#deflate.write(block);
      this.#deflate.flush(constants.Z_SYNC_FLUSH, done);
    });
  }

  /** The block that `bytes` hold. Throws ERR_SPDY_HEADERS for what is no zlib or gives more than 32 KiB. */
  expand(bytes: Uint8Array): Promise<Buffer> {
    return through(this.#inflate, (done) => this.#inflate.write(bytes, () => done()));
  }

  [Symbol.dispose](): void {
    this.#deflate.destroy();
    this.#inflate.destroy();
  }
}

function through(stream: Deflate | Inflate, work: (done: () => void) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (finish: () => void) => {
      stream.off('data', collect);
      stream.off('error', fail);
      stream.off('close', fail);
      finish();
    };
    const fail = (cause?: Error) =>
      settle(() => reject(serverError('ERR_SPDY_HEADERS', 'a header block cannot be decompressed', { cause })));
    const collect = (chunk: Buffer) => {
      length += chunk.byteLength;
      chunks.push(chunk);
      // A small block can stand for gigabytes; the stream is of no use any more.
      if (length > BLOCK_LIMIT) stream.destroy(new RangeError('more than the headers of a stream can be'));
    };
    stream.on('data', collect);
    stream.once('error', fail);
    stream.once('close', fail);
    if (stream.destroyed) return fail();
    // A stream that is destroyed calls back, too.
    work(() => (stream.destroyed ? fail() : settle(() => resolve(Buffer.concat(chunks)))));
  });
}
