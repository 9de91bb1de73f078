/** That every value which the corpus writes is found again by the product, in the process, at the fd and address that have it. */
import assert from 'node:assert/strict';
import { join, parse } from 'node:path';
import { before, describe, test } from 'node:test';
import { execute } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type Corpus, corpusValue } from './corpus.ts';
import { findText, type TakenFile, type TakenOut, takeOut } from './taken-out.ts';

/** Tests of a corpus that is there when they run; `folder`: where they may lay down what they take out. */
export function describeValues(
  shape: 'a folder of images' | 'an archive',
  folder: () => string,
  corpusOf: () => Corpus,
): void {
  describe(`as ${shape}`, () => {
    let place: string;
    let corpus: Corpus;
    let checkpoint: string;
    let taken: TakenOut;
    before(async () => {
      place = folder();
      corpus = corpusOf();
      checkpoint = shape === 'an archive' ? await archive(corpus.images, place) : corpus.images;
      taken = await takeOut(checkpoint, join(place, shape.replaceAll(' ', '-')));
    });

    test('gives back what waits in queues and lies in deleted files and memfds, at the fds of the program', async () => {
      for (const [thing, kind, part] of [
        ['pipe', 'pipe'],
        ['fifo', 'fifo'],
        ['ghost', 'ghost'],
        ['memfd', 'memfd'],
        ['unix-stream', 'socket'],
        ['in-flight', 'socket'],
        ['terminal', 'tty'],
        ['tcp-to-client', 'tcp', 'received'],
      ] as const) {
        const file = heldAt(thing, kind, part);
        assert.equal((await taken.bytes(file)).toString().trimEnd(), corpusValue(thing));
      }
      assert.equal(heldAt('ghost', 'ghost').name, '/work/ghost-small');
      assert.equal(heldAt('memfd', 'memfd').name, 'corpus-memfd');
    });

    test('gives back a deleted file with its holes', async () => {
      const expected = Buffer.alloc(262_144);
      expected.write(corpusValue('ghost-chunk'), 65_536);
      assert.deepEqual(await taken.bytes(heldAt('ghost-chunk', 'ghost')), expected);
    });

    test('gives back each datagram and each message by itself', async () => {
      const datagrams = taken.files.filter((file) => file.kind === 'socket' && isHeldAt(file, 'unix-datagram'));
      const messages = taken.files.filter(({ kind, id }) => kind === 'ipc' && id.startsWith('msg-'));
      for (const [files, thing] of [
        [datagrams, 'unix-datagram'],
        [messages, 'sysv-message'],
      ] as const) {
        const texts = await Promise.all(files.map(async (file) => (await taken.bytes(file)).toString()));
        assert.deepEqual(texts, [corpusValue(`${thing}-1`), corpusValue(`${thing}-2`)]);
      }
      assert.deepEqual([...new Set(messages.map(({ facts }) => facts['type']))], [7]);
    });

    test('gives back both queues of a connection, whose ends meet in their sequence numbers', async () => {
      const [into, from] = [heldAt('tcp-to-server', 'tcp', 'received'), heldAt('tcp-to-client', 'tcp', 'sent')];
      const [received, sent] = [await taken.bytes(into), await taken.bytes(from)];
      assert.ok(received.length > 1000 && sent.length > 1000);
      const written = Buffer.concat([received, sent]);
      const one = corpusValue('tcp-to-server') + ' '.repeat(1000);
      // The last piece may be part of one.
      assert.ok(written.equals(Buffer.alloc(written.length, one)));
      const [at, next] = [Number(into.facts['sequence']), Number(from.facts['sequence'])];
      assert.equal((at + received.length) >>> 0, next);
    });

    test('gives captures that tcpdump reads, with the bytes of the queues', needs('tcpdump'), async () => {
      for (const [thing, parts] of [
        ['tcp-to-server', ['received']],
        ['tcp-to-client', ['received', 'sent']],
      ] as const) {
        const { file = '', facts } = heldAt(thing, 'tcp', 'pcap');
        const seen = await dumped(join(place, shape.replaceAll(' ', '-'), file));
        const queues = await Promise.all(parts.map(async (part) => taken.bytes(heldAt(thing, 'tcp', part))));
        // What never left the machine is in the queue and in no packet.
        const whole = Buffer.concat(queues);
        const unsent = Number(facts['neverSentLeftOut'] ?? 0);
        assert.ok(unsent >= 0 && unsent < whole.length, `${unsent} of ${whole.length} bytes never left`);
        assert.ok(seen.data.equals(whole.subarray(0, whole.length - unsent)));
        assert.ok(seen.packets > 0);
        assert.equal(seen.sound, seen.packets, 'every checksum is right');
      }
    });

    test('gives back shared memory, and tells where it was mapped', async () => {
      for (const [thing, kind, id] of [
        ['shared-mapping', 'shm', ''],
        ['sysv-shm', 'ipc', 'shm-'],
      ] as const) {
        const { pid, address = 0n } = corpus.places.get(thing) ?? assert.fail(thing);
        const file = taken.files.find((each) => each.kind === kind && each.id.startsWith(id));
        const holder = file?.holders.find((each) => each.pid === pid) ?? assert.fail(thing);
        const offset = Number(address - BigInt(holder.start ?? 0)) + Number(holder.offset);
        const bytes = await taken.bytes(file);
        assert.equal(bytes.subarray(offset, offset + corpusValue(thing).length).toString(), corpusValue(thing));
      }
      const posix = taken.files.find(({ kind, name }) => kind === 'tmpfs' && name === 'corpus');
      const bytes = await taken.bytes(posix);
      assert.deepEqual([bytes.length, bytes.indexOf(corpusValue('posix-shm'))], [4096, 0]);
    });

    test('gives back the environment', async () => {
      for (const part of ['environ', 'environ-now']) {
        const file = taken.files.find((each) => each.kind === 'env' && each.id === '1' && each.part === part);
        const variables = (await taken.bytes(file)).toString().split('\0');
        assert.ok(variables.includes(`CORPUS=${corpusValue('environment')}`), part);
      }
    });

    test('is searched to the very addresses that the program had', async () => {
      for (const thing of ['global', 'shared-mapping', 'sysv-shm']) {
        const { pid, address = 0n } = corpus.places.get(thing) ?? assert.fail(thing);
        const found = await findText(checkpoint, corpusValue(thing));
        const here = found.filter((match) => match.pid === pid && BigInt(match.address) === address);
        assert.equal(here.length, 1, thing);
      }
    });

    function isHeldAt({ holders }: TakenFile, thing: string): boolean {
      const { pid, fd } = corpus.places.get(thing) ?? assert.fail(`${thing} was refused: ${corpus.refused}`);
      return holders.some((holder) => holder.pid === pid && holder.fd === fd);
    }

    function heldAt(thing: string, kind: string, part?: string): TakenFile {
      const file = taken.files.find((each) => each.kind === kind && each.part === part && isHeldAt(each, thing));
      return file ?? assert.fail(`no ${kind} is held where the program has ${thing}`);
    }
  });
}

/** As an engine packs it. */
async function archive(images: string, folder: string): Promise<string> {
  const path = join(folder, 'corpus.tar');
  const { dir, base } = parse(images);
  await execute(['tar', '--create', '--file', path, '--directory', dir, `--transform=s,^${base},checkpoint,`, base]);
  return path;
}

/** The payloads of a capture as tcpdump prints them, its packets, and those whose checksum it finds right. */
async function dumped(path: string): Promise<{ data: Buffer; packets: number; sound: number }> {
  const { stdout } = await execute(['tcpdump', '-nn', '-t', '-vv', '-x', '-r', path]);
  const data = stdout
    .split(/^IP /m)
    .slice(1)
    .map((packet) => {
      const hex = [...packet.matchAll(/^\s+0x[0-9a-f]+:\s+([0-9a-f ]+)$/gm)].map(([, words = '']) =>
        words.replaceAll(' ', ''),
      );
      // Both headers are of twenty bytes.
      return Buffer.from(hex.join(''), 'hex').subarray(40);
    });
  return {
    data: Buffer.concat(data),
    packets: data.length,
    sound: stdout.match(/cksum 0x[0-9a-f]+ \(correct\)/g)?.length ?? 0,
  };
}
