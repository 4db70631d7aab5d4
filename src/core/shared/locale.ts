const knownZones = new Set<string>();
const NAME = /^[A-Za-z][A-Za-z0-9_+/-]{1,63}$/;

/** Whether a text names an IANA time zone; offsets like `+02:00` are not names. */
export function isTimeZone(name: string): boolean {
  if (knownZones.has(name)) return true;
  if (!NAME.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    return false;
  }
  // Names differ in capitals only so often: the set stays small, but is bounded all the same.
  if (knownZones.size < 2_000) knownZones.add(name);
  return true;
}

/** Whether a text is a well-formed BCP 47 language tag of at most 35 characters (RFC 5646, section 4.4.1). */
export function isLanguageTag(tag: string): boolean {
  if (tag.length > 35) return false;
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
