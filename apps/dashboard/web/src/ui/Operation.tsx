import classes from "./operation.module.css";

/** `GET /pets/{petId}` */
export function Operation({ operation }: { operation: string }) {
  const [method = "", path = ""] = operation.split(" ", 2);
  return (
    <code className={classes.operation}>
      <span className={method === "GET" || method === "HEAD" ? classes.read : classes.write}>{method}</span> {path}
    </code>
  );
}
