import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runsOf } from './runs.ts';

const time = (text: string) => Date.parse(text);
const shown = (milliseconds: number | undefined) => milliseconds && new Date(milliseconds).toISOString().slice(0, 16);

describe('the runs of a schedule', () => {
  it('are every minute that its expression names, of which the newest counts', () => {
    const runs = runsOf({ schedule: '*/15 9-17 * * 1-5' });
    assert.ok(typeof runs !== 'string');
    assert.equal(shown(runs.next(time('2026-01-02T17:50:00Z'))), '2026-01-05T09:00');
    assert.equal(shown(runs.last(time('2026-01-02T09:00:00Z'), time('2026-01-02T11:00:00Z'))), '2026-01-02T11:00');
    assert.equal(shown(runs.last(time('2026-01-02T11:00:00Z'), time('2026-01-02T11:14:59Z'))), undefined);
    assert.equal(shown(runs.last(time('2020-01-01T00:00:00Z'), time('2026-01-04T12:00:00Z'))), '2026-01-02T17:45');
  });

  it('are in its time zone, also where the clocks change', () => {
    const runs = runsOf({ schedule: '0 3 * * *', timeZone: 'Europe/Berlin' });
    assert.ok(typeof runs !== 'string');
    assert.equal(shown(runs.next(time('2026-03-28T00:00:00Z'))), '2026-03-28T02:00');
    assert.equal(shown(runs.next(time('2026-03-28T12:00:00Z'))), '2026-03-29T01:00');
    assert.equal(shown(runs.next(time('2026-10-25T00:00:00Z'))), '2026-10-25T02:00');
  });

  it('are none where it cannot be read', () => {
    for (const wrong of [
      { schedule: '61 * * * *' },
      { schedule: 'soon' },
      { schedule: '0 0 * * *', timeZone: 'Mars/Base' },
      { schedule: '* * * * * *' },
    ]) {
      assert.equal(typeof runsOf(wrong), 'string', JSON.stringify(wrong));
    }
  });
});
