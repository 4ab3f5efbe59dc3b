/** The header of the file: what was recorded, and which of it may tell who the patient is. */
import { byId, make, setText } from '../../ui/dom.ts';
import { strings } from '../../strings/strings.ts';
import type { SeriesInfo } from '../../shared/wasm/loader-wasm.ts';

export class HeaderPanel {
  draw(tags: SeriesInfo['tags']): void {
    const identifying = tags.filter(({ identifies }) => identifies).length;
    // Asked for again with every scan.
    byId('with-identity', 'input').checked = false;
    byId('with-identity-label', 'label').hidden = identifying === 0;
    setText(byId('header-count', 'span'), strings.scan.header(tags.length, identifying));
    setText(byId('header-note', 'p'), identifying > 0 ? strings.scan.headerNote : '');
    byId('header-rows', 'tbody').replaceChildren(...tags.map(({ tag, name, value, identifies }) => {
      const mark = make('span', 'identifies', '● ');
      mark.setAttribute('role', 'img');
      mark.setAttribute('aria-label', strings.scan.identifies);
      const row = make('tr', '', make('td', '', ...(identifies ? [mark] : []), name || tag), make('td', '', value));
      row.title = tag;
      return row;
    }));
  }
}
