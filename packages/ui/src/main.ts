/** The page begins: the token of its address is changed for a session, then the desk is drawn. */
import { render } from 'preact';
import { askDesk, enter } from './ask.ts';
import { part } from './element.ts';
import { Desk, Locked } from './shell.ts';
import { failed } from './use-answer.ts';

const TOKEN = /^#token=([\w-]+)$/;

const root = document.getElementById('desk');
// The address of a desk that was started anew, put into the tab of the old one: browsers do not load a page again for that.
addEventListener('hashchange', () => TOKEN.test(location.hash) && location.reload());
if (root) await begin(root);

async function begin(where: HTMLElement): Promise<void> {
  const token = TOKEN.exec(location.hash)?.[1];
  if (token !== undefined) {
    // It is of no use any more, and has no business in the history of the browser.
    history.replaceState(null, '', '/');
    try {
      await enter(token);
    } catch (error) {
      // Who opens the address a second time has a session from the first.
      if (!(await hasSession())) {
        render(part(Locked, failed(error)), where);
        return;
      }
    }
  }
  render(part(Desk, {}), where);
}

function hasSession(): Promise<boolean> {
  return askDesk('facts', {}, AbortSignal.timeout(10_000)).then(
    () => true,
    () => false,
  );
}
