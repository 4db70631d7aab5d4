import { CloseButton } from '@mantine/core';
import { createContext, useContext, useState, type ReactNode } from 'react';
import { askSupervisor, Refusal } from '../shared/api.js';
import { useWords } from '../shared/language.js';
import classes from './acting.module.css';

/** Asks the supervisor's API and resolves to whether it was done; a refusal is told to the person. */
type Act = (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => Promise<boolean>;

const ActContext = createContext<Act>(() => Promise.resolve(false));

export function useAct(): Act {
  return useContext(ActContext);
}

/** Whatever is done on the board is done through this, so that a refusal is seen in one place. */
export function Acting({ children }: { readonly children: ReactNode }) {
  const { word } = useWords();
  const [problem, setProblem] = useState<string | null>(null);
  const act: Act = async (method, path, body) => {
    setProblem(null);
    try {
      await askSupervisor(method, path, body);
      return true;
    } catch (error) {
      const detail = error instanceof Refusal ? word('board/refused', { detail: error.message }) : word('board/failed');
      setProblem(detail);
      return false;
    }
  };
  return (
    <ActContext value={act}>
      {children}
      <div role="alert" className={classes.problem} data-shown={problem !== null}>
        {problem}
        {problem !== null && (
          <CloseButton size="sm" aria-label={word('board/dismiss')} onClick={() => setProblem(null)} />
        )}
      </div>
    </ActContext>
  );
}
