import { applet, memoryRow, ruleCases, running } from './cases.fixture.ts';
import { miner } from './miner.ts';

const pool = memoryRow('miner-pool-address');
const call = memoryRow('miner-pool-call');

ruleCases(
  miner,
  {
    'xmrig with its pool in memory': {
      rows: {
        processes: [running(['/var/tmp/.cache/xmrig', '-o', 'stratum+tcp://pool.shop.example:3333'])],
        memory: [pool],
      },
      severity: 'critical',
      says: /is called like a miner, was told to mine, has the address of a pool/,
    },
    'one under another name, by its arguments': {
      rows: { processes: [running(['/tmp/a', '--donate-level', '1', '-o', 'x:3333'])] },
      severity: 'high',
    },
    'a pool that everybody knows': {
      rows: { processes: [running(['/tmp/a', 'gulf.moneroocean.stream:10128'])] },
      severity: 'high',
    },
    'what is told to a shell': {
      rows: { processes: [applet(['sh', '-c', './a -o stratum+ssl://p.example:443'])] },
      severity: 'high',
    },
    'texts in memory alone': {
      rows: { processes: [running(['/usr/bin/server'])], memory: [pool] },
      severity: 'medium',
    },
    'both kinds of texts': {
      rows: { processes: [running(['/usr/bin/server'])], memory: [pool, call] },
      severity: 'high',
    },
    'texts in a shell, hardly bad': { rows: { processes: [applet(['sh'])], memory: [pool] }, severity: 'low' },
    'memory of a process that is not in the tree': { rows: { memory: [pool] }, severity: 'medium' },
  },
  {
    'who looks for miners': {
      processes: [running(['grep', '-r', 'stratum+tcp://', '/etc']), running(['pkill', 'xmrig'], { pid: 2 })],
    },
    services: { processes: [running(['redis-server']), running(['node', 'server.js'], { pid: 2 })] },
  },
);
