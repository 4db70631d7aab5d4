import { ActionIcon, Alert, Badge, Button, Kbd, Loader, Paper, Select, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconArrowLeft, IconSearch, IconX } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type {
  ArticleHead,
  ArticleMessage,
  ArticlesMessage,
  ShopsMessage,
} from '../../src/features/desktop/desktop.protocol.js';
import { ask } from '../shared/api.js';
import { useWords } from '../shared/language.js';
import classes from './knowledge-panel.module.css';
import { MarkdownView } from './markdown-view.js';

/** Articles change seldom: what was read is shown again at once, and read anew after this. */
const FRESH_MS = 60_000;
const TYPING_MS = 200;

/**
 * The shops' articles, to search and to read beside the card. It stays on the page when it is closed, so that an article is where it was left.
 * @param shop  whose call is at hand; null: the agent chooses
 */
export function KnowledgePanel(props: {
  readonly shop: string | null;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}) {
  const { isOpen, onClose } = props;
  const { word } = useWords();
  const search = useRef<HTMLInputElement>(null);
  const shops = useQuery({
    queryKey: ['shops'],
    queryFn: () => ask<ShopsMessage>('GET', 'shops'),
    staleTime: FRESH_MS,
  });
  const [chosen, choose] = useState<string | null>(null);
  const known = shops.data?.shops ?? [];
  const shop = props.shop ?? chosen ?? known[0]?.shop ?? null;
  useEffect(() => {
    if (isOpen) search.current?.focus();
  }, [isOpen]);
  return (
    <Paper withBorder component="section" aria-labelledby="knowledge" className={classes.panel} hidden={!isOpen}>
      <div className={classes.head}>
        <Title order={2} size="h4" id="knowledge">
          {word('knowledge/title')}
        </Title>
        <Kbd size="xs">F3</Kbd>
        <ActionIcon variant="subtle" size="lg" aria-label={word('knowledge/close')} onClick={onClose}>
          <IconX size={18} aria-hidden />
        </ActionIcon>
      </div>
      {props.shop === null && known.length > 1 && (
        <Select
          className={classes.shop ?? ''}
          aria-label={word('knowledge/shop')}
          data={known.map(({ shop: value, name }) => ({ value, label: name }))}
          value={shop}
          allowDeselect={false}
          comboboxProps={{ withinPortal: false }}
          onChange={choose}
        />
      )}
      {shop !== null && <Articles key={shop} shop={shop} search={search} />}
      {shops.isSuccess && shop === null && (
        <Text c="dimmed" p="md" role="status">
          {word('knowledge/empty')}
        </Text>
      )}
      {shops.isError && <Failed again={() => void shops.refetch()} />}
    </Paper>
  );
}

function Articles({
  shop,
  search,
}: {
  readonly shop: string;
  readonly search: React.RefObject<HTMLInputElement | null>;
}) {
  const { word } = useWords();
  const [text, setText] = useState('');
  const [shown, show] = useState<string | null>(null);
  const wanted = useSettled(text.trim());
  const articles = useQuery({
    queryKey: ['articles', shop, wanted],
    queryFn: () =>
      ask<ArticlesMessage>('GET', `shops/${encodeURIComponent(shop)}/articles?search=${encodeURIComponent(wanted)}`),
    staleTime: FRESH_MS,
    placeholderData: (old) => old,
  });
  const found = articles.data?.articles ?? [];
  useEffect(() => search.current?.focus(), [search]);
  return (
    <>
      <TextInput
        ref={search}
        className={classes.search ?? ''}
        type="search"
        aria-label={word('knowledge/search')}
        placeholder={word('knowledge/search')}
        leftSection={<IconSearch size={16} aria-hidden />}
        maxLength={200}
        value={text}
        onChange={({ currentTarget: { value } }) => {
          setText(value);
          show(null);
        }}
        onKeyDown={({ key }) => {
          if (key === 'Enter' && found[0] !== undefined) show(found[0].article);
        }}
      />
      <div className={classes.body}>
        {shown !== null ? (
          <ArticleView shop={shop} article={shown} onBack={() => show(null)} />
        ) : articles.isError ? (
          <Failed again={() => void articles.refetch()} />
        ) : articles.isPending ? (
          <Loader size="sm" aria-label={word('knowledge/title')} />
        ) : found.length === 0 ? (
          <Text c="dimmed" role="status">
            {word(wanted === '' ? 'knowledge/empty' : 'knowledge/none')}
          </Text>
        ) : (
          <ul className={classes.list}>
            {found.map((head) => (
              <Entry key={head.article} head={head} onOpen={() => show(head.article)} />
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

function Entry({ head, onOpen }: { readonly head: ArticleHead; readonly onOpen: () => void }) {
  const { formats } = useWords();
  const language = head.language === null ? null : formats.languageName(head.language);
  return (
    <li>
      <button type="button" className={classes.entry} onClick={onOpen}>
        <span lang={head.language ?? undefined}>{head.title}</span>
        <small>{[language, ...head.tags].filter(Boolean).join(' · ')}</small>
      </button>
    </li>
  );
}

function ArticleView(props: { readonly shop: string; readonly article: string; readonly onBack: () => void }) {
  const { word, formats } = useWords();
  const title = useRef<HTMLHeadingElement>(null);
  const article = useQuery({
    queryKey: ['article', props.shop, props.article],
    queryFn: () =>
      ask<ArticleMessage>(
        'GET',
        `shops/${encodeURIComponent(props.shop)}/articles/${encodeURIComponent(props.article)}`,
      ),
    staleTime: FRESH_MS,
  });
  const isThere = article.data !== undefined;
  // It is read from its top, and the keys of the results work at once.
  useEffect(() => title.current?.focus(), [isThere]);
  return (
    <article lang={article.data?.language ?? undefined} className={classes.article}>
      <Button
        size="compact-sm"
        variant="subtle"
        leftSection={<IconArrowLeft size={16} aria-hidden />}
        onClick={props.onBack}
      >
        {word('knowledge/back')}
      </Button>
      {article.isError && <Failed again={() => void article.refetch()} />}
      {article.data !== undefined && (
        <>
          <Title order={3} size="h4" ref={title} tabIndex={-1}>
            {article.data.title}
          </Title>
          <p className={classes.tags}>
            {article.data.tags.map((tag) => (
              <Badge key={tag} variant="light" className={classes.tag}>
                {tag}
              </Badge>
            ))}
            <small>{word('knowledge/asOf', { when: formats.dateTime(article.data.updatedAt) })}</small>
          </p>
          <MarkdownView text={article.data.body} />
        </>
      )}
    </article>
  );
}

function Failed({ again }: { readonly again: () => void }) {
  const { word } = useWords();
  return (
    <Alert color="red" role="alert">
      {word('knowledge/failed')}
      <Button mt="sm" size="compact-md" onClick={again}>
        {word('knowledge/again')}
      </Button>
    </Alert>
  );
}

/** The text once nothing has been typed for a moment. */
function useSettled(text: string): string {
  const [settled, settle] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => settle(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
