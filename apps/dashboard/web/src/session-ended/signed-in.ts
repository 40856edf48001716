/** Where the window that was opened for signing in again ends. */
export const SIGNED_IN_PATH = "/dashboard/sign-in/done";

/** The channel on which it says so. */
export const SIGNED_IN = "gatehouse.signed-in";
