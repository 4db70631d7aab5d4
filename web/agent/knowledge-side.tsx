import { Loader, Paper } from '@mantine/core';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useWords } from '../shared/language.js';
import classes from './knowledge-side.module.css';

const load = () => import('../knowledge/knowledge-panel.js').then((file) => ({ default: file.KnowledgePanel }));
const KnowledgePanel = lazy(load);
/** When the page has come to rest: the first opening then waits for nothing. */
const FETCH_AFTER_MS = 3_000;

/** The place of the knowledge base: over the result, so that nothing moves when it opens. */
export function KnowledgeSide(props: {
  readonly shop: string | null;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}) {
  const { word } = useWords();
  const [wasOpen, setWasOpen] = useState(props.isOpen);
  useEffect(() => {
    const timer = setTimeout(() => void load().catch(() => undefined), FETCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  if (props.isOpen && !wasOpen) setWasOpen(true);
  if (!wasOpen) return null;
  return (
    <div className={classes.side} data-open={props.isOpen}>
      <Suspense
        fallback={
          <Paper withBorder p="md" h="100%">
            <Loader size="sm" aria-label={word('knowledge/title')} />
          </Paper>
        }
      >
        <KnowledgePanel {...props} />
      </Suspense>
    </div>
  );
}
