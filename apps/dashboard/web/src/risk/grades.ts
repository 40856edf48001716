export const SEVERITIES = [
  { severity: "high", label: "Serious" },
  { severity: "medium", label: "Worth a look" },
  { severity: "low", label: "Minor" },
] as const;

const GRADES = [
  { from: 70, label: "High", color: "red.7" },
  { from: 40, label: "Raised", color: "orange.6" },
  { from: 15, label: "Moderate", color: "yellow.6" },
  { from: 0, label: "Low", color: "teal.6" },
];

/** A score from 0 to 100, in a word. */
export function gradeOf(score: number): { label: string; color: string } {
  return GRADES.find(({ from }) => score >= from)!;
}
