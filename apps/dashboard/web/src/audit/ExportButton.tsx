import { Button, CloseButton, Menu, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { exportAudit } from "../api/audit/audit.ts";
import { bytes } from "../usage/numbers.ts";
import classes from "./audit.module.css";
import type { AuditSearch } from "./search.ts";
import { count } from "./words.ts";

type Format = "jsonl" | "csv";
type Progress = { rows: number; bytes: number };

/** What the filters leave, as a file. */
export function ExportButton({ org, search }: { org: string; search: AuditSearch }) {
  const [progress, setProgress] = useState<Progress | null>(null);
  const [said, say] = useState<string | null>(null);
  const ending = useRef(new AbortController());
  useEffect(() => () => ending.current.abort(), []);

  async function start(format: Format): Promise<void> {
    ending.current = new AbortController();
    const { signal } = ending.current;
    setProgress({ rows: 0, bytes: 0 });
    say(null);
    try {
      const response = await exportAudit(org, { ...search, format }, signal);
      save(await collect(response, setProgress), nameOf(response));
    } catch (error) {
      if (!signal.aborted) say(`The export broke off, and nothing was saved. ${(error as Error).message}`);
    } finally {
      setProgress(null);
    }
  }

  if (progress) {
    return (
      <Text size="sm" role="status" className={classes.progress}>
        {count(progress.rows)} lines, {bytes(progress.bytes)}
        <CloseButton size="sm" aria-label="Cancel the export" onClick={() => ending.current.abort()} />
      </Text>
    );
  }
  const isWhole = Object.keys(search).length === 0;
  return (
    <>
      {said && (
        <Text size="sm" c="red" role="alert">
          {said}
        </Text>
      )}
      <Menu position="bottom-end" width={300} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />}>
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => start("jsonl")}>
            JSON lines
            <Text size="xs">
              {isWhole ? "The whole log, with all that verifying takes" : "What the filters leave, newest first"}
            </Text>
          </Menu.Item>
          <Menu.Item onClick={() => start("csv")}>
            CSV
            <Text size="xs">{isWhole ? "The whole log" : "What the filters leave"}, for spreadsheets</Text>
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

/** Blobs are kept on the disk by browsers, where they are large. */
const PART_BYTES = 8_000_000;
const LINE_FEED = 10;

async function collect(response: Response, onProgress: (progress: Progress) => void): Promise<Blob> {
  const parts: Blob[] = [];
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let unsaved = 0;
  const progress = { rows: 0, bytes: 0 };
  for (const reader = response.body!.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return new Blob([...parts, ...chunks], { type: response.headers.get("content-type") ?? "" });
    chunks.push(value);
    unsaved += value.length;
    if (unsaved > PART_BYTES) {
      parts.push(new Blob(chunks));
      chunks = [];
      unsaved = 0;
    }
    progress.bytes += value.length;
    progress.rows += value.reduce((lines, byte) => (byte === LINE_FEED ? lines + 1 : lines), 0);
    onProgress({ ...progress });
  }
}

function nameOf(response: Response): string {
  return /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "audit";
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
