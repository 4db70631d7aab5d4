import { expect, it } from 'vitest';
import type { TelephonyFact } from '../../core/call/telephony.js';
import { LedGroups } from './led-groups.js';

it('a group whose legs another process hears is not served any more, at once and not at the next turn', () => {
  const done: string[] = [];
  let tell: (fact: TelephonyFact) => void = () => undefined;
  const node = { node: 'main', isUp: true, onFact: (listener: typeof tell) => void (tell = listener) };
  const parts = [
    [node],
    { abandonGroup: (groupId: string) => done.push(`abandon ${groupId}`) },
    {},
    {},
    {},
    { end: (groupId: string) => done.push(`end ${groupId}`) },
  ];
  new LedGroups(...(parts as unknown as ConstructorParameters<typeof LedGroups>));
  tell({ kind: 'link.replaced', groupId: 'g', at: new Date() });
  expect(done).toEqual(['end g', 'abandon g']);
});
