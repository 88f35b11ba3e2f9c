// The words of signing in, confirming, second factors and the team, in English.

export const team = {
  confirming: {
    title: "Confirm that it is you",
    body: "With what you asked for, somebody could pass as one of your customers. Whoever finds this console open must not be able to.",
    password: "Your password",
    missing: "Enter your password.",
    submit: "Confirm",
    tooMany: "Too many wrong tries. Wait a quarter of an hour.",
  },
};
