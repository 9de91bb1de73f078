/** Images by way of a registries.conf, between real registries. */
import assert from 'node:assert/strict';
import { copyFile, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { needs, type RunningRegistry, startRegistry } from '@stillframe/testkit';
import { atDesk, type Desk, FIXTURE, writeEvidence } from '../image/desk.fixture.ts';
import { serve } from './serve.fixture.ts';

const CONF = '.config/containers/registries.conf';

interface Bench extends Desk {
  main: RunningRegistry;
  mirror: RunningRegistry;
  /** Of what is pulled under that name. */
  digestAt(reference: string): Promise<string>;
}

/** Two registries; `r.example/a` is in truth `main`, with `mirror` before it, as `more` has it. */
async function between(more: string, use: (bench: Bench) => Promise<void>): Promise<void> {
  await using main = await startRegistry();
  await using mirror = await startRegistry();
  await atDesk(async (desk) => {
    await copyFile(FIXTURE, desk.at('a.tar'));
    await writeEvidence(desk.at('a.tar'));
    const location = `location = "${mirror.address}/copy"`;
    const tables = `[[registry]]\nprefix = "r.example/a"\nlocation = "${main.address}/deep"\n[[registry.mirror]]\n${location}\n${more}`;
    await desk.write(CONF, tables);
    let pulls = 0;
    const digestAt = async (reference: string) => {
      pulls += 1;
      const to = `oci:${desk.at('pulled')}:${pulls}`;
      return (await desk.json<{ digest: string }>('pull', reference, to, '--output', 'json')).digest;
    };
    await use({ ...desk, main, mirror, digestAt });
  });
}

describe('a mirror', needs('docker-registry'), () => {
  it('that has the image is asked alone, and what is pushed goes past it to the location, which is told', () =>
    between('', async ({ run, at, main, mirror, digestAt }) => {
      const built = await run('build', at('a.tar'), 'r.example/a/x:1');
      assert.match(
        built.err,
        new RegExp(`note: another place is written: ${main.address}/deep/x:1: .*registries.conf`),
      );
      const digest = await digestAt(`${main.address}/deep/x:1`);
      await assert.rejects(run('inspect', `${mirror.address}/copy/x:1`), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
      // Not there: the registry itself is asked, and nobody need know.
      const through = await run('inspect', 'r.example/a/x:1');
      assert.equal(through.err, '');
      await run('copy', `${main.address}/deep/x:1`, `${mirror.address}/copy/x:1`);
      await main.kill();
      assert.equal(await digestAt('r.example/a/x:1'), digest);
      await run('extract', 'r.example/a/x:1', at('out.tar'));
      assert.deepEqual(await readFile(at('out.tar')), await readFile(FIXTURE));
    }));

  it('that is down is passed over with a note', () =>
    between('', async ({ run, at, mirror }) => {
      await run('build', at('a.tar'), 'r.example/a/x:1');
      await mirror.kill();
      const { code, err } = await run('extract', 'r.example/a/x:1', at('out.tar'));
      assert.equal(code, 0);
      assert.match(err, new RegExp(`^note: mirror passed over: ${mirror.address}: .*ECONNREFUSED`));
    }));

  it('that has another image under a tag is believed, unless it is for digests alone', async () => {
    for (const [more, believed] of [
      ['', true],
      ['pull-from-mirror = "digest-only"', false],
    ] as const)
      await between(more, async ({ run, at, main, mirror, digestAt }) => {
        await run('build', at('a.tar'), 'r.example/a/x:1');
        await run('build', at('a.tar'), `${mirror.address}/copy/x:1`, '--no-verify', '--index');
        const right = await digestAt(`${main.address}/deep/x:1`);
        const other = await digestAt(`${mirror.address}/copy/x:1`);
        assert.notEqual(right, other);
        assert.equal(await digestAt('r.example/a/x:1'), believed ? other : right);
        // By digest no mirror can lie.
        assert.equal(await digestAt(`r.example/a/x@${right}`), right);
      });
  });

  it('is not asked, nor is the registry, where names are blocked', () =>
    between('[[registry]]\nlocation = "blocked.example"\nblocked = true', async ({ run, at }) => {
      for (const refused of [
        () => run('inspect', 'blocked.example/x:1'),
        () => run('build', at('a.tar'), 'blocked.example/x:1'),
        () => run('rm', 'blocked.example/x:1'),
      ])
        await assert.rejects(refused(), { code: 'ERR_REGISTRY_BLOCKED', message: /registries.conf blocks/ });
    }));

  it('never gets the credentials of the registry', () =>
    between('', async ({ run, at, write, main, mirror }) => {
      await run('build', at('a.tar'), 'r.example/a/x:1');
      await mirror.kill();
      const auth = Buffer.from('ann:open sesame').toString('base64');
      await write(
        '.docker/config.json',
        JSON.stringify({ auths: { [main.address]: { auth }, 'r.example': { auth } } }),
      );
      await using listening = await serve(
        (_request, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(),
        mirror.address,
      );
      assert.equal((await run('inspect', 'r.example/a/x:1')).code, 0);
      assert.ok(listening.seen.length > 0);
      assert.ok(listening.seen.every(([, , authorization]) => authorization === undefined));
    }));

  it('in a file that is broken ends the command, and says where', () =>
    between('insecure = 1', async ({ run, at, write }) => {
      await assert.rejects(run('inspect', 'r.example/a/x:1'), {
        code: 'ERR_REGISTRIES_CONF',
        message: /registries.conf:6: /,
      });
      const other = await write('other.conf', '');
      await assert.rejects(run('inspect', 'r.invalid/a/x:1', '--registries-conf', other), {
        code: 'ERR_OCI_REGISTRY_UNREACHABLE',
      });
      // A layout has nothing to do with it.
      assert.equal((await run('build', at('a.tar'), `oci:${at('layout')}:1`)).code, 0);
    }));
});
