import { Stack, Text } from "@mantine/core";
import { isSchema } from "./form/shape.ts";
import classes from "./playground.module.css";
import { Json, Verbatim } from "./Verbatim.tsx";

/** Pictures that cannot hold anything but pixels. */
const PICTURE = /^image\/(png|jpeg|gif|webp)$/;

interface Part {
  /** Who says it, in a prompt; or which resource it is. */
  from: string | undefined;
  block: Record<string, unknown>;
}

/** What a tool, a resource or a prompt holds, as text and pictures. Nothing of it is taken for HTML. */
export function Content({ result }: { result: Record<string, unknown> }) {
  const { structuredContent } = result;
  const parts = partsOf(result);
  if (result.resultType === "input_required") return <Text size="sm">It waits for your answer.</Text>;
  return (
    <Stack gap="md">
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an answer does not change
        <Block key={index} {...part} />
      ))}
      {structuredContent !== undefined && (
        <div>
          <Text size="sm" mb={4}>
            Structured
          </Text>
          <Json value={structuredContent} label="Structured content" />
        </div>
      )}
      {parts.length === 0 && structuredContent === undefined && (
        <Text size="sm" c="dimmed">
          The answer is empty.
        </Text>
      )}
    </Stack>
  );
}

function partsOf({ content, contents, messages }: Record<string, unknown>): Part[] {
  const listIn = (value: unknown) => (Array.isArray(value) ? value.filter(isSchema) : []);
  return [
    ...listIn(content).map((block) => ({ from: undefined, block })),
    ...listIn(contents).map((resource) => ({ from: String(resource.uri), block: { type: "resource", resource } })),
    ...listIn(messages).map(({ role, content }) => ({ from: String(role), block: isSchema(content) ? content : {} })),
  ];
}

function Block({ from, block }: Part) {
  return (
    <div>
      {from && (
        <Text size="sm" c="dimmed" mb={4} className={classes.said}>
          {from}
        </Text>
      )}
      <Shown block={block} />
    </div>
  );
}

function Shown({ block }: { block: Record<string, unknown> }) {
  const { type, text, data, mimeType, resource } = block;
  if (type === "text" && typeof text === "string") return <Verbatim text={text} label="Text" />;
  if (type === "image" && typeof data === "string") return <Picture data={data} mimeType={String(mimeType)} />;
  if (type === "resource" && isSchema(resource)) {
    if (typeof resource.text === "string") return <Verbatim text={resource.text} label="Text" />;
    if (typeof resource.blob === "string") return <Picture data={resource.blob} mimeType={String(resource.mimeType)} />;
  }
  return <Json value={block} label={`Content of type ${String(type)}`} />;
}

function Picture({ data, mimeType }: { data: string; mimeType: string }) {
  if (!PICTURE.test(mimeType)) {
    return (
      <Text size="sm" c="dimmed">
        {Math.ceil((data.length * 3) / 4).toLocaleString("en")} bytes of {mimeType}, which is not shown
      </Text>
    );
  }
  return <img src={`data:${mimeType};base64,${data}`} alt="Part of the answer" className={classes.image} />;
}
