import { NativeSelect, Stack, Text } from "@mantine/core";
import { WayFieldset } from "./WayFieldset.tsx";
import { KINDS, type Kind, labelOf, newWay, slotOf, type WayFields } from "./ways.ts";

interface WaysProps {
  ways: WayFields[];
  /** The API's, by the paths of its fields. */
  problems: Record<string, string>;
  onChange: (ways: WayFields[]) => void;
}

/** How an upstream is opened: nothing, or all of these together. */
export function Ways({ ways, problems, onChange }: WaysProps) {
  const replace = (at: number, way: WayFields) => onChange(ways.with(at, way));
  return (
    <Stack gap="md">
      {ways.map((way, at) => (
        <WayFieldset
          // biome-ignore lint/suspicious/noArrayIndexKey: a way has no name of its own until it is filled in
          key={`${at} ${way.kind}`}
          way={way}
          problems={within(problems, `access.${at}`)}
          secretProblems={within(problems, `secrets.${slotOf(way)}`)}
          onChange={(changed) => replace(at, changed)}
          onRemove={() => onChange(ways.toSpliced(at, 1))}
        />
      ))}
      <NativeSelect
        label={ways.length === 0 ? "The server asks for" : "And besides"}
        description="It is stored encrypted, sent to this server alone, and never shown again"
        value=""
        data={[{ value: "", label: ways.length === 0 ? "nothing" : "nothing else" }, ...KINDS]}
        onChange={({ currentTarget: { value } }) => value && onChange([...ways, newWay(value as Kind)])}
      />
      <Unplaced problems={problems} ways={ways} />
    </Stack>
  );
}

/** What concerns a way as a whole. */
function Unplaced({ problems, ways }: Pick<WaysProps, "problems" | "ways">) {
  const sentences = ways.flatMap(({ kind }, at) => {
    const sentence = problems[`access.${at}`];
    return sentence ? [`${labelOf(kind)}: ${sentence}`] : [];
  });
  if (problems.secrets) sentences.push(problems.secrets);
  return sentences.map((sentence) => (
    <Text key={sentence} size="sm" c="red" role="alert">
      {sentence}
    </Text>
  ));
}

function within(problems: Record<string, string>, path: string): Record<string, string> {
  const inside = Object.entries(problems).filter(([name]) => name.startsWith(`${path}.`));
  return Object.fromEntries(inside.map(([name, sentence]) => [name.slice(path.length + 1), sentence]));
}
