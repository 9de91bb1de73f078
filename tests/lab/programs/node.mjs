// A string and a buffer that are made while this runs, and /ready when they are there.
import { writeFileSync } from 'node:fs';

const text = (digits) => Buffer.from(digits, 'hex').toString('latin1');
globalThis.kept = { string: text(process.env.STRING), buffer: Buffer.alloc(1 << 16) };
globalThis.kept.buffer.write(text(process.env.BUFFER), 1000, 'latin1');
writeFileSync('/ready', '');
setInterval(() => undefined, 1000);
