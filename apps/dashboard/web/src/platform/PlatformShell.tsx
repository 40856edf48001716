import { Group, Text } from "@mantine/core";
import { Link, Outlet } from "@tanstack/react-router";
import gate from "../gate.svg";
import { useSession } from "../session.ts";
import classes from "../shell/shell.module.css";
import { UserMenu } from "../shell/UserMenu.tsx";
import { NotFoundAlone } from "../ui/states.tsx";

const TABS = [
  { to: "/platform/orgs", label: "Organisations" },
  { to: "/platform/plans", label: "Plans" },
  { to: "/platform/health", label: "Health" },
  { to: "/platform/audit", label: "Audit log" },
] as const;

/** For who runs the deployment; for everybody else there is nothing here. */
export function PlatformShell() {
  const { isOperator } = useSession();
  if (!isOperator) return <NotFoundAlone />;
  return (
    <>
      <a className={classes.skip} href="#content">
        Skip to content
      </a>
      <header className={classes.header}>
        <div className={classes.bar}>
          <Group gap="xs" wrap="nowrap" miw={0}>
            <Link to="/" className={classes.brand} aria-label="Gatehouse">
              <img src={gate} width={26} height={26} alt="" />
              <Text component="span" fw={600} visibleFrom="xs">
                Gatehouse
              </Text>
            </Link>
            <span className={classes.slash} aria-hidden>
              /
            </span>
            <Text size="sm">Operators</Text>
          </Group>
          <UserMenu />
        </div>
        <nav className={classes.tabs} aria-label="Sections">
          {TABS.map(({ to, label }) => (
            <Link
              key={to}
              to={to}
              className={classes.tab}
              activeProps={{ className: classes.active, "aria-current": "page" }}
            >
              {label}
            </Link>
          ))}
        </nav>
      </header>
      <main id="content" className={classes.main} tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}
