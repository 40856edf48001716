import classes from "./playground.module.css";

/** As it is, whatever it is; what is long scrolls. */
export function Verbatim({ text, label }: { text: string; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className={classes.verbatim} tabIndex={0} aria-label={label}>
      {text}
    </section>
  );
}

export function Json({ value, label }: { value: unknown; label: string }) {
  return <Verbatim text={JSON.stringify(value, null, 2)} label={label} />;
}
