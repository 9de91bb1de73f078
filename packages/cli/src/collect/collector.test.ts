/** What a collector takes from a folder, in which order it does things, and what a fault in the middle leaves. */
import assert from 'node:assert/strict';
import {
  appendFile,
  copyFile,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { digestOf } from '@stillframe/core';
import { decodeCapture, evidencePath, makeSigningKey, readSigningKey } from '@stillframe/evidence';
import { reservationOf } from '@stillframe/kubelet/names';
import { captureText, FIXTURE } from '../image/desk.fixture.ts';
import { listArchives } from './archives.ts';
import { atCollectDesk, makeOld } from './desk.fixture.ts';
import { CollectorFigures } from './figures.ts';
import { summaryOf } from './findings.ts';
import { StateFolder } from './state-folder.ts';

const down = () => {
  throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
};

describe('a collector takes', () => {
  it('archives with a kubelet’s name that are whole, once, and nothing else of the folder', () =>
    atCollectDesk(async ({ archive, collector, destination, at }) => {
      const name = await archive('web');
      await copyFile(FIXTURE, at('other.tar'));
      await mkdir(at('checkpoint-a_b-c-2026-01-01T00:00:00Z.tar'));
      await symlink(FIXTURE, at('checkpoint-l_b-c-2026-01-01T00:00:00Z.tar'));
      const reserved = await archive('reserved');
      await writeFile(at(reservationOf(reserved)), '');
      const collecting = collector();
      const { placed, standings } = await collecting.look();
      assert.deepEqual([placed, standings.map((each) => [each.name, each.state])], [1, [[name, 'placed']]]);
      assert.equal(destination.placed.get(name)?.digest, digestOf(await readFile(FIXTURE)));
      await collecting.look();
      await collector().look();
      assert.equal(destination.tries, 1);
    }));

  it('none that is being written: neither one that was changed a moment ago, nor one without its end', () =>
    atCollectDesk(async ({ archive, collector, destination, at, log }) => {
      const name = await archive('web');
      const whole = await readFile(at(name));
      // All of it but what ends a tar: 1,024 bytes of zeroes and what fills the last record.
      const entries = whole.findLastIndex((byte) => byte !== 0) + 1;
      await truncate(at(name), Math.ceil(entries / 512) * 512);
      assert.equal((await collector({ settle: 60_000 }).look()).standings[0]?.state, 'waiting');
      const collecting = collector();
      await makeOld(at(name));
      assert.equal((await collecting.look()).standings[0]?.state, 'unfinished');
      assert.deepEqual([destination.tries, log.at(-1)?.message], [0, 'an archive is not finished']);
      await appendFile(at(name), whole.subarray(Math.ceil(entries / 512) * 512));
      assert.equal((await collecting.look()).standings[0]?.state, 'placed');
    }));

  it('compressed ones as they are, unless they come to more than there is room for', () =>
    atCollectDesk(async ({ archive, collector, destination, at }) => {
      const name = await archive('web');
      const packed = gzipSync(await readFile(at(name)));
      await writeFile(at(name), packed);
      await makeOld(at(name));
      assert.equal((await collector({ decompressed: 4096 }).look()).standings[0]?.state, 'refused');
      assert.equal((await collector().look()).placed, 1);
      assert.equal(destination.placed.get(name)?.digest, digestOf(packed));
    }));

  it('what it found, whatever is put in its place meanwhile', () =>
    atCollectDesk(async ({ archive, collector, destination, at }) => {
      const name = await archive('web');
      destination.meddle = async () => {
        await writeFile(at('other'), 'another file');
        await rename(at('other'), at(name));
      };
      assert.equal((await collector().look()).placed, 1);
      assert.equal(destination.placed.get(name)?.digest, digestOf(await readFile(FIXTURE)));
      // The other file is another archive, and none at that.
      await makeOld(at(name));
      assert.equal((await collector().look()).standings[0]?.state, 'refused');
    }));
});

describe('the evidence of a collected archive', () => {
  it('says that it was made after the fact, where and of what, and is signed where there is a key', () =>
    atCollectDesk(async ({ archive, collector, destination, names }) => {
      const name = await archive('web');
      await collector({ key: readSigningKey(makeSigningKey()) }).look();
      const text = destination.placed.get(name)?.evidence ?? '';
      const { digests, container, truePause, signed } = decodeCapture(text);
      assert.deepEqual([digests?.by.user, truePause, signed], ['tester', undefined, true]);
      assert.deepEqual(container, { name: 'counter', podName: 'web', kubeNamespace: 'default' });
      const payload = Buffer.from(JSON.parse(text).payload, 'base64').toString();
      assert.equal(JSON.parse(payload).predicate.node.hostname, 'node-1');
      // The folder may be mounted read-only.
      assert.deepEqual(await names(), [name]);
    }));

  it('is the node’s own where that lies beside it; what differs from it is kept and not pushed', () =>
    atCollectDesk(async ({ archive, collector, destination, at, log }) => {
      const [good, altered] = [await archive('good'), await archive('altered')];
      const digest = digestOf(await readFile(FIXTURE));
      const names = { name: 'counter', podName: 'good', kubeNamespace: 'default' };
      const own = captureText({ digest, size: 1 }, names);
      await writeFile(evidencePath(at(good)), own);
      await writeFile(evidencePath(at(altered)), captureText({ digest: digestOf(Buffer.of(1)), size: 1 }, names));
      const collecting = collector();
      const { standings } = await collecting.look();
      assert.deepEqual(standings.map(({ state }) => state).sort(), ['placed', 'refused']);
      assert.equal(destination.placed.get(good)?.evidence, own);
      assert.match(String(log.find(({ level }) => level === 'error')?.fields['reason']), /not what was captured/);
      await collecting.look();
      assert.equal(log.filter(({ level }) => level === 'error').length, 1);
    }));

  it('is the same after a failure: it is made once', () =>
    atCollectDesk(async ({ archive, collector, destination }) => {
      const name = await archive('web');
      const given: string[] = [];
      const place = destination.place.bind(destination);
      destination.place = async (ready) => {
        given.push(new TextDecoder().decode(ready.evidence.bytes));
        if (given.length === 1) down();
        return place(ready);
      };
      await collector().look();
      await collector().look();
      assert.equal(given.length, 2);
      assert.equal(given[0], given[1]);
      assert.ok(destination.placed.has(name));
    }));
});

describe('a destination that fails', () => {
  it('is waited for, and not asked for each archive in turn', () =>
    atCollectDesk(async ({ archive, collector, destination, log }) => {
      await archive('a', 3);
      await archive('b', 2);
      destination.meddle = down;
      const collecting = collector();
      const { standings, again = 0 } = await collecting.look();
      assert.deepEqual([destination.tries, standings.map(({ state }) => state)], [1, ['failed', 'waiting']]);
      assert.ok(again > 300 && again <= 1000, String(again));
      assert.match(String(log.at(-1)?.fields['reason']), /ECONNREFUSED/);
      destination.meddle = () => undefined;
      await collecting.look();
      assert.equal(destination.tries, 1, 'not before its time');
      assert.equal((await collector().look()).placed, 2);
    }));

  it('for one archive alone does not hold up the others', () =>
    atCollectDesk(async ({ archive, collector, destination }) => {
      const large = await archive('large', 3);
      const small = await archive('small', 2);
      destination.meddle = (name) => {
        // A defect of ours, even.
        if (name === large) throw new TypeError('cannot read properties of undefined');
      };
      await collector().look();
      assert.deepEqual([...destination.placed.keys()], [small]);
    }));
});

describe('what rules find', () => {
  it('is put beside the archive, which is pushed whether or not they can cope with it', () =>
    atCollectDesk(async ({ archive, collector, destination, log }) => {
      const [good, bad] = [await archive('good', 2), await archive('bad', 1)];
      const judge = async ({ name }: { name: string }) => {
        if (name === bad) throw new Error('more than the rules can take');
        return { bytes: new Uint8Array(), count: 3, worst: 'high' as const, summary: summaryOf([]) };
      };
      assert.equal((await collector({ judge }).look()).placed, 2);
      assert.deepEqual([...destination.found], [[good, 3]]);
      assert.ok(log.some(({ message }) => message === 'an archive could not be judged'));
    }));

  it('is not looked for again where that ended the process', () =>
    atCollectDesk(async ({ archive, collector, destination, folder, state, log }) => {
      const name = await archive('web');
      destination.meddle = down;
      await collector().look();
      destination.meddle = () => undefined;
      const [found] = (await listArchives(folder)).archives;
      const record = found && state.recordOf(found);
      assert.ok(record);
      await state.keep({ ...record, judging: true });
      const judge = () => Promise.reject(new Error('not asked'));
      assert.equal((await collector({ judge }).look()).placed, 1);
      assert.deepEqual([destination.placed.has(name), destination.found.size], [true, 0]);
      assert.ok(log.some(({ message }) => message.includes('not judged again')));
    }));
});

describe('the state folder', () => {
  it('of one collector is no other’s', () =>
    atCollectDesk(async ({ state }) => {
      const signal = new AbortController().signal;
      const second = StateFolder.open(state.path, { signal, lost: () => undefined, patience: 50 });
      await assert.rejects(second, { code: 'ERR_COLLECT_TAKEN' });
    }));

  it('forgets archives that are gone, and tells those that were lost', () =>
    atCollectDesk(async ({ archive, collector, destination, at, log }) => {
      const [kept, lost] = [await archive('kept', 2), await archive('lost', 1)];
      destination.meddle = (name) => {
        if (name === lost) down();
      };
      const figures = new CollectorFigures();
      const collecting = collector({ figures });
      await collecting.look();
      await rm(at(kept));
      await rm(at(lost));
      await collecting.look();
      const warned = log.filter(({ message }) => message.includes('went before'));
      assert.deepEqual(
        warned.map(({ fields }) => fields['name']),
        [lost],
      );
      assert.match((await figures.text()).body, /stillframe_collector_lost_total 1/);
    }));

  it('without what it knew costs time alone: the destination finds the archive by itself', () =>
    atCollectDesk(async ({ archive, collector, destination, at }) => {
      const name = await archive('web');
      await collector().look();
      await using file = await open(at(name), 'r+');
      // Another version of the same bytes, as a copy that was put back is.
      await file.utimes(new Date(0), new Date(0));
      await collector().look();
      assert.deepEqual([destination.tries, destination.placed.size], [2, 1]);
    }));
});
