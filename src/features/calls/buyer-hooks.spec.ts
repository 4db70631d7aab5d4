import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchLegId } from '../../core/call/leg-ids.js';
import { BuyerHooks } from './buyer-hooks.js';

const supervisorId = '01890000-0000-7000-8000-000000000001';
const buyerLegId = '01890000-0000-7000-8000-00000000000b';
const other = '01890000-0000-7000-8000-00000000000c';
const earId = watchLegId(supervisorId, buyerLegId, 'whisper');

function hooks() {
  const commands = {
    channels: vi.fn(() => Promise.resolve([{ id: earId }, { id: buyerLegId }] as never)),
    snoop: vi.fn(() => Promise.resolve()),
    setVariable: vi.fn(() => Promise.resolve()),
    hangup: vi.fn(() => Promise.resolve()),
  };
  return { commands, hooks: new BuyerHooks(commands) };
}

describe('what listens to a buyer', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('ends when the buyer comes to somebody else, and the ear is placed anew once it has ended', async () => {
    const { commands, hooks: all } = hooks();
    await all.watch({ supervisorId, buyerLegId, groupId: 'g', mode: 'whisper' });
    await all.end(buyerLegId, false);
    expect(commands.setVariable).toHaveBeenCalledWith(buyerLegId, 'TALK_DETECT(remove)', '');
    expect(commands.hangup).toHaveBeenCalledExactlyOnceWith(earId);
    expect(commands.snoop).toHaveBeenCalledTimes(1);
    all.ended(earId);
    vi.advanceTimersByTime(50);
    expect(commands.snoop).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(50);
    expect(commands.snoop).toHaveBeenCalledTimes(2);
    expect(commands.snoop).toHaveBeenLastCalledWith({
      channelId: buyerLegId,
      snoopId: earId,
      application: 'dialer-g',
      whisper: 'in',
    });
  });

  it('an ear that its supervisor has ended stays away, and so does one of another buyer', async () => {
    const { commands, hooks: all } = hooks();
    await all.watch({ supervisorId, buyerLegId, groupId: 'g', mode: 'whisper' });
    await all.end(other, false);
    expect(commands.hangup).not.toHaveBeenCalled();
    all.ended(earId);
    await all.end(buyerLegId, false);
    all.ended(earId);
    vi.advanceTimersByTime(1_000);
    expect(commands.snoop).toHaveBeenCalledTimes(1);
  });

  it('one whose supervisor leaves before it is back does not come', async () => {
    const { commands, hooks: all } = hooks();
    await all.watch({ supervisorId, buyerLegId, groupId: 'g', mode: 'whisper' });
    await all.end(buyerLegId, false);
    all.ended(earId);
    all.leave(earId);
    vi.advanceTimersByTime(1_000);
    expect(commands.snoop).toHaveBeenCalledTimes(1);
  });

  it('one that another process placed ends too, and only of this buyer', async () => {
    const { commands, hooks: all } = hooks();
    await all.end(buyerLegId, true);
    expect(commands.hangup).toHaveBeenCalledExactlyOnceWith(earId);
    all.ended(earId);
    vi.advanceTimersByTime(1_000);
    expect(commands.snoop).not.toHaveBeenCalled();
    await all.end(other, true);
    expect(commands.hangup).toHaveBeenCalledTimes(1);
  });
});
