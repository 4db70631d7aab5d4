import { VirtualNetwork } from '../../src/core/telephony/virtual-network.js';
import { VirtualTelephony, realTime } from '../../src/features/calls/virtual-telephony.js';
import { FactLog, GROUP, type Dialer, type Exchange } from './harness.js';

/** The virtual telephone network in real time. */
export function startVirtualExchange(): Promise<Exchange> {
  const network = new VirtualNetwork({ scheduler: realTime });
  const dialers = new Set<VirtualTelephony>();
  const cutForAWhile = (telephony: VirtualTelephony): void => {
    telephony.cut('cut');
    setTimeout(() => telephony.restore(), 300);
  };
  return Promise.resolve({
    async open(): Promise<Dialer> {
      const telephony = new VirtualTelephony('virtual', network);
      const facts = new FactLog(telephony);
      telephony.start();
      await telephony.attachGroup(GROUP);
      dialers.add(telephony);
      return {
        telephony,
        facts,
        cutLink: () => Promise.resolve(cutForAWhile(telephony)),
        die: async () => {
          dialers.delete(telephony);
          await telephony.stop();
        },
      };
    },
    restart() {
      for (const telephony of dialers) cutForAWhile(telephony);
      network.reset();
      return Promise.resolve();
    },
    isInMessage: (legId) => Promise.resolve(network.isInMessage(legId)),
    close: async () => {
      await Promise.all([...dialers].map((telephony) => telephony.stop()));
      network.reset();
    },
  });
}
