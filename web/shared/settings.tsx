import { SegmentedControl, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { LANGUAGES, setLanguage, useWords } from './language.js';
import type { Language } from './format.js';

export function LanguageChoice({ isFull = false }: { readonly isFull?: boolean }) {
  const { word, language } = useWords();
  return (
    <SegmentedControl
      aria-label={word('menu/language')}
      value={language}
      onChange={(value) => void setLanguage(value as Language).catch(() => undefined)}
      data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
      fullWidth={isFull}
    />
  );
}

export function LookChoice() {
  const { word } = useWords();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      aria-label={word('menu/look')}
      value={colorScheme}
      onChange={(value) => setColorScheme(value as MantineColorScheme)}
      data={[
        { value: 'light', label: word('menu/light') },
        { value: 'dark', label: word('menu/dark') },
        { value: 'auto', label: word('menu/system') },
      ]}
      fullWidth
    />
  );
}
