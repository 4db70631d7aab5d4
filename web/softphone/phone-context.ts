import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Phone, PhoneView } from './phone.js';

export const PhoneContext = createContext<Phone | null>(null);

export function usePhone(): Phone {
  const phone = useContext(PhoneContext);
  if (phone === null) throw new Error('used outside of PhoneContext');
  return phone;
}

export function usePhoneView(): PhoneView {
  const phone = usePhone();
  return useSyncExternalStore(phone.subscribe, phone.snapshot);
}
