/** A microphone or a pair of headphones. */
export interface AudioDevice {
  readonly id: string;
  readonly label: string;
}

/** Why there is no sound from the agent. */
export type AudioTrouble = 'denied' | 'noDevice' | 'inUse' | 'insecure';

/** The browser's name for its own choice. */
export const STANDARD = 'default';

/** Opens the microphone; throws what `troubleOf` understands. A device that is gone is replaced by the standard one. */
export async function openMicrophone(deviceId: string): Promise<MediaStream> {
  // Without https the browser hides the whole interface.
  if (!('mediaDevices' in navigator)) throw new DOMException('no secure page', 'SecurityError');
  const wishes = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const wanted = deviceId === STANDARD ? wishes : { ...wishes, deviceId: { ideal: deviceId } };
  return navigator.mediaDevices.getUserMedia({ audio: wanted });
}

export function troubleOf(error: unknown): AudioTrouble {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'SecurityError') return 'insecure';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'noDevice';
  return name === 'NotReadableError' || name === 'AbortError' ? 'inUse' : 'denied';
}

export async function listDevices(kind: 'audioinput' | 'audiooutput'): Promise<AudioDevice[]> {
  if (!('mediaDevices' in navigator)) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter((device) => device.kind === kind && device.deviceId !== '' && device.deviceId !== STANDARD)
    .map(({ deviceId, label }) => ({ id: deviceId, label: label || deviceId.slice(0, 8) }));
}

/** Loudness of a stream from 0 to 1, read as often as one likes, until stopped. */
export function measureLevel(stream: MediaStream): { read(): number; stop(): void } {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1_024;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    read() {
      analyser.getFloatTimeDomainData(samples);
      const mean = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      // A voice lies between -60 and -10 dB.
      const decibels = 10 * Math.log10(mean + 1e-10);
      return Math.min(1, Math.max(0, (decibels + 60) / 50));
    },
    stop: () => void context.close(),
  };
}

/** Plays a stream back a little later, so that one hears oneself as others do; returns how to stop. */
export function echo(stream: MediaStream): () => void {
  const context = new AudioContext();
  const delay = context.createDelay(1);
  delay.delayTime.value = 0.6;
  context.createMediaStreamSource(stream).connect(delay).connect(context.destination);
  return () => void context.close();
}
