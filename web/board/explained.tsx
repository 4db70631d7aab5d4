import { useEffect, useId, useState, type ReactNode } from 'react';
import classes from './explained.module.css';

/** Something that says what it means while the pointer is over it or the focus in it; Escape takes the text away. */
export function Explained(props: {
  readonly text: string;
  readonly className?: string | undefined;
  readonly label: string;
  readonly tone?: string | undefined;
  readonly children: ReactNode;
}) {
  const { text, className = '', label, tone, children } = props;
  const id = useId();
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (!isShown) return undefined;
    const hide = ({ key }: KeyboardEvent) => key === 'Escape' && setShown(false);
    document.addEventListener('keydown', hide);
    return () => document.removeEventListener('keydown', hide);
  }, [isShown]);
  return (
    <section
      className={`${classes.explained} ${className}`}
      data-tone={tone}
      aria-label={label}
      aria-describedby={id}
      tabIndex={0}
      onMouseEnter={() => setShown(true)}
      onMouseLeave={() => setShown(false)}
      onFocus={() => setShown(true)}
      onBlur={() => setShown(false)}
    >
      {children}
      <p id={id} role="tooltip" className={classes.text} data-shown={isShown}>
        {text}
      </p>
    </section>
  );
}
