import { useWords } from '../shared/language.js';
import { usePhone } from './phone-context.js';

export function PhoneButton() {
  const { word } = useWords();
  return usePhone().isOffered ? null : <span>{word('phone/desk')}</span>;
}
