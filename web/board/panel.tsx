import { useId, type ReactNode } from 'react';
import classes from './panel.module.css';

/** A framed part of the board; what is more than fits is scrolled within, by keyboard too. */
export function Panel(props: {
  readonly title: string;
  readonly aside?: string;
  readonly isEmpty?: boolean;
  readonly emptyText?: string;
  readonly tone?: 'bad' | 'warn' | undefined;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}) {
  const { title, aside = '', isEmpty = false, emptyText = '', tone, className = '', children } = props;
  const id = useId();
  return (
    <section className={`${classes.panel} ${className}`} aria-labelledby={id} data-tone={tone}>
      <header className={classes.head}>
        <h2 id={id}>{title}</h2>
        <span>{aside}</span>
      </header>
      <div className={classes.body} role="group" aria-labelledby={id} tabIndex={0}>
        {isEmpty ? <p className={classes.empty}>{emptyText}</p> : children}
      </div>
    </section>
  );
}
