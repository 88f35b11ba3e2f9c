package countersign;

import java.util.regex.Pattern;

/** The customer who is logged in. What the gate would refuse cannot be built. */
public final class Identity {
  private static final long MAX_NUMBER = (1L << 53) - 1;
  private static final Pattern CONTROL = Pattern.compile("[\\x{0}-\\x{1f}\\x{7f}-\\x{9f}]");
  private static final Pattern BLANK =
      Pattern.compile("[\\x{0}-\\x{20}\\x{7f}-\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}]");
  private static final Pattern SIDES = Pattern.compile("[^@]+@[^@]+", Pattern.DOTALL);

  final String userId;
  final String email;

  private Identity(String userId, String email) {
    this.userId = userId == null ? "" : userId;
    this.email = email == null ? "" : email;
    if (this.userId.isEmpty() && this.email.isEmpty()) {
      throw new InputError("neither a user id nor an email was given");
    }
    if (Countersign.utf8(this.userId).length > 255 || CONTROL.matcher(this.userId).find()) {
      throw new InputError("a user id is 1 to 255 bytes without control characters");
    }
    if (!this.email.isEmpty() && !isEmail(this.email)) {
      throw new InputError("an email is at most 254 bytes with exactly one @, something on both sides and no blank");
    }
  }

  private static boolean isEmail(String text) {
    return Countersign.utf8(text).length <= 254 && SIDES.matcher(text).matches() && !BLANK.matcher(text).find();
  }

  /** A user id that is text, or a number beyond 2^53-1 as text: then the page must pass text too. */
  public static Identity userId(String userId) {
    return new Identity(userId, null);
  }

  /** A numeric user id; one that a browser would round is an {@link InputError}. */
  public static Identity userId(long userId) {
    if (userId > MAX_NUMBER || userId < -MAX_NUMBER) {
      throw new InputError("a numeric user id lies within 2^53-1; pass larger ones as text, here and in the page");
    }
    return new Identity(Long.toString(userId), null);
  }

  public static Identity email(String email) {
    return new Identity(null, email);
  }

  /** The same customer with an email beside, for tokens. */
  public Identity withEmail(String email) {
    return new Identity(userId, email);
  }
}
