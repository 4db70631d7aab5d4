import { useEffect, useState } from 'react';
import { serverNow } from './api.js';

const STEP_MS = 500;

/** The server's time, anew twice a second. */
export function useNow(): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), STEP_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
