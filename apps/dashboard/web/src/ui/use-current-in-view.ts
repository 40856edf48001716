import { useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

/** Where a row of tabs is wider than the screen, the one that is open is not left beyond its edge. */
export function useCurrentInView() {
  const row = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page has another current tab
  useEffect(() => {
    const element = row.current;
    if (!element) return;
    const show = () => {
      const current = element.querySelector<HTMLElement>("[aria-current]");
      if (current) element.scrollLeft = current.offsetLeft - (element.clientWidth - current.offsetWidth) / 2;
    };
    show();
    const observer = new MutationObserver(show);
    observer.observe(element, { childList: true });
    return () => observer.disconnect();
  }, [pathname]);
  return row;
}
