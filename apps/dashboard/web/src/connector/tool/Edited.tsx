import { Button, Text, Textarea, TextInput } from "@mantine/core";
import classes from "./tool.module.css";

interface EditedProps {
  label: string;
  description?: string;
  value: string;
  original: string;
  error?: string | undefined;
  /** Several lines. */
  long?: boolean;
  mono?: boolean;
  onChange: (value: string) => void;
}

/** A text, with the original beside it where the two differ. */
export function Edited({
  label,
  description,
  value,
  original,
  error,
  long = false,
  mono = false,
  onChange,
}: EditedProps) {
  const isEdited = value.trim() !== original.trim();
  const common = {
    label,
    description,
    value,
    error,
    placeholder: original,
    autoComplete: "off",
    spellCheck: !mono,
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
  };
  return (
    <div className={classes.edited}>
      {long ? (
        <Textarea {...common} autosize minRows={2} maxRows={14} />
      ) : (
        <TextInput {...common} classNames={{ input: mono ? "mono" : "" }} />
      )}
      {isEdited && (
        <div className={classes.original}>
          <Text size="xs" c="dimmed">
            Originally
          </Text>
          <Text size="sm" className={classes.originalText}>
            {original || "nothing"}
          </Text>
          <Button
            size="compact-xs"
            variant="default"
            mt={6}
            aria-label={`Reset ${label.toLowerCase()}`}
            onClick={() => onChange(original)}
          >
            Reset
          </Button>
        </div>
      )}
    </div>
  );
}
