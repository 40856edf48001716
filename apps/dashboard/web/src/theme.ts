import { Alert, Badge, type CSSVariablesResolver, createTheme, SegmentedControl } from "@mantine/core";

/** Alerts whose titles would be too pale, or whose ground too loud. */
const READABLE: Record<string, Record<"--alert-bg" | "--alert-color", string>> = {
  yellow: {
    "--alert-bg": "light-dark(#fff6dc, #2a2416)",
    "--alert-color": "light-dark(#7a4a00, var(--mantine-color-yellow-4))",
  },
  teal: {
    "--alert-bg": "light-dark(#e5f6f0, #14261f)",
    "--alert-color": "light-dark(#0a5c44, var(--mantine-color-teal-4))",
  },
  red: {
    "--alert-bg": "light-dark(#fdefed, #2d1819)",
    "--alert-color": "light-dark(#8c1d18, #ffb4ab)",
  },
};

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace",
  colors: {
    dark: [
      "#dfe2e8",
      "#b6bac3",
      "#9aa1ad",
      "#6b717d",
      "#3b3f48",
      "#2f333b",
      "#22252b",
      "#1a1c21",
      "#131418",
      "#0c0d10",
    ],
  },
  components: {
    Alert: Alert.extend({ vars: (_, { color }) => ({ root: READABLE[String(color)] ?? {} }) }),
    Badge: Badge.extend({ defaultProps: { tt: "none", fw: 500 } }),
    SegmentedControl: SegmentedControl.extend({
      defaultProps: { bg: "light-dark(var(--mantine-color-gray-1), var(--mantine-color-dark-6))" },
    }),
  },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "1.5rem", lineHeight: "1.3" },
      h2: { fontSize: "1.0625rem", lineHeight: "1.4" },
    },
  },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#5c6370",
    "--mantine-color-error": "#b42318",
    "--gatehouse-border": "#e4e6ea",
    "--gatehouse-surface": "#ffffff",
    "--mantine-color-body": "#fbfbfc",
  },
  dark: {
    "--mantine-color-dimmed": "#9aa1ad",
    "--mantine-color-error": "#ff9c94",
    "--gatehouse-border": "#2b2e35",
    "--gatehouse-surface": "#1a1c21",
    "--mantine-color-body": "#131418",
  },
});
