import { Alert, Button, Group, Modal, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState, type SyntheticEvent } from 'react';
import icon from '../icon.svg';
import { Refusal } from '../shared/api.js';
import { useWords, type Word } from '../shared/language.js';
import { LanguageChoice } from '../shared/settings.js';
import { useDesk } from './desk.js';
import classes from './sign-in.module.css';

/** @param ending  why the last session ended, to be told */
export function SignIn({ ending }: { readonly ending: string | null }) {
  const { word } = useWords();
  const desk = useDesk();
  const password = useRef<HTMLInputElement>(null);
  const [form, setForm] = useState({ login: '', password: '' });
  const signIn = useMutation({
    mutationFn: (isTakeOver: boolean) => desk.signIn(form.login.trim(), form.password, isTakeOver),
    onError: (error) => {
      if (!isElsewhere(error)) password.current?.select();
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    signIn.mutate(false);
  };
  return (
    <main className={classes.page}>
      <Paper component="form" onSubmit={submit} className={classes.panel} shadow="sm" p="xl" withBorder>
        <Stack gap="md">
          <div>
            <img src={icon} alt="" width={40} height={40} />
            <Title order={1} size="h2" mt="xs">
              {word('signIn/title')}
            </Title>
            <Text c="dimmed">{word('signIn/lead')}</Text>
          </div>
          {ending !== null && <Alert color="yellow">{word(`notice/${ending}`)}</Alert>}
          <TextInput
            label={word('signIn/login')}
            name="username"
            autoComplete="username"
            autoFocus
            required
            withAsterisk={false}
            maxLength={64}
            value={form.login}
            onChange={({ currentTarget: { value } }) => setForm((old) => ({ ...old, login: value }))}
          />
          <PasswordInput
            ref={password}
            label={word('signIn/password')}
            name="password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            maxLength={128}
            value={form.password}
            visibilityToggleButtonProps={{ 'aria-label': word('signIn/reveal') }}
            onChange={({ currentTarget: { value } }) => setForm((old) => ({ ...old, password: value }))}
          />
          <div role="alert" className={classes.problem}>
            {signIn.error !== null && !isElsewhere(signIn.error) && problemText(signIn.error, word)}
          </div>
          <Button type="submit" size="md" loading={signIn.isPending}>
            {word('signIn/submit')}
          </Button>
        </Stack>
      </Paper>
      <LanguageChoice />
      <Modal
        opened={isElsewhere(signIn.error)}
        onClose={() => signIn.reset()}
        title={word('signIn/elsewhereTitle')}
        classNames={{ title: classes.title ?? '' }}
        lockScroll={false}
        withCloseButton={false}
        centered
      >
        <Text>{word('signIn/elsewhereText')}</Text>
        <Group mt="lg" justify="flex-end">
          <Button variant="default" onClick={() => signIn.reset()}>
            {word('signIn/stay')}
          </Button>
          <Button data-autofocus onClick={() => signIn.mutate(true)}>
            {word('signIn/takeOver')}
          </Button>
        </Group>
      </Modal>
    </main>
  );
}

function isElsewhere(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'session.elsewhere';
}

function problemText(error: Error, word: Word): string {
  if (!(error instanceof Refusal)) return word('signIn/noServer');
  if (error.status === 429) return word('signIn/tooMany', { seconds: error.retryAfterSeconds });
  return error.status === 401 || error.status === 422
    ? word('signIn/wrong')
    : word('result/refused', { detail: error.message });
}
