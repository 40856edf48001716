import type { Mail } from "@gatehouse/store/mails";

type Letter = Omit<Mail, "to">;

const NOT_YOU = "If you have not asked for this, you need not do anything.";

export function confirmSignUp(url: string): Letter {
  return {
    subject: "Create your Gatehouse account",
    text: `Go on here to create your account:\n\n${url}\n\nThe link works once, for one hour. ${NOT_YOU}\n`,
  };
}

/** In place of the one above, where there is an account: only who reads the mail learns of it. */
export function signedUpAlready(resetUrl: string): Letter {
  return {
    subject: "You have a Gatehouse account already",
    text: `Somebody, perhaps you, set out to create an account with this email address. There is one already.\n\nIf you have forgotten its password, choose a new one here:\n\n${resetUrl}\n\nThe link works once, for one hour. ${NOT_YOU}\n`,
  };
}

export function resetPassword(url: string): Letter {
  return {
    subject: "Choose a new password for Gatehouse",
    text: `Choose a new password here:\n\n${url}\n\nThe link works once, for one hour. ${NOT_YOU}\n`,
  };
}

export function noAccount(publicUrl: URL): Letter {
  return {
    subject: "There is no Gatehouse account with this email address",
    text: `Somebody, perhaps you, asked for a new password at ${publicUrl.origin}. There is no account with this email address; perhaps you have signed up with another. ${NOT_YOU}\n`,
  };
}

export function passwordChanged(resetUrl: string): Letter {
  return {
    subject: "Your Gatehouse password was changed",
    text: `Your password was changed, and your other browsers were signed out.\n\nIf it was not you, somebody else can read your mail. Secure your mailbox first, and then choose a new password:\n\n${resetUrl}\n`,
  };
}

export function confirmEmail(url: string): Letter {
  return {
    subject: "Confirm your new email address for Gatehouse",
    text: `Go on here to sign in to Gatehouse with this email address from now on:\n\n${url}\n\nThe link works once, for one hour. ${NOT_YOU}\n`,
  };
}

export function emailTaken(publicUrl: URL): Letter {
  return {
    subject: "This email address has a Gatehouse account already",
    text: `Somebody, perhaps you, wants to use this email address for another account at ${publicUrl.origin}. It has an account of its own, so nothing was changed. ${NOT_YOU}\n`,
  };
}

export function emailChanged(to: string): Letter {
  return {
    subject: "Your Gatehouse email address was changed",
    text: `You sign in to Gatehouse with ${to} from now on.\n\nIf it was not you, tell an owner of your organisation at once.\n`,
  };
}
