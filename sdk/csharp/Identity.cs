using System.Globalization;
using System.Text.RegularExpressions;

namespace Countersign
{
    /// <summary>The customer who is logged in. What the gate would refuse cannot be built.</summary>
    public sealed class Identity
    {
        private const long MaxNumber = (1L << 53) - 1;

        private static readonly Regex Control = new Regex("[\\u0000-\\u001f\\u007f-\\u009f]");
        private static readonly Regex Blank = new Regex("[\\u0000-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]");
        private static readonly Regex Sides = new Regex("\\A[^@]+@[^@]+\\z");

        internal readonly string User;
        internal readonly string Mail;

        private Identity(string userId, string email)
        {
            User = userId ?? "";
            Mail = email ?? "";
            if (User == "" && Mail == "")
            {
                throw new InputException("neither a user id nor an email was given");
            }
            if (Bytes.Utf8(User).Length > 255 || Control.IsMatch(User))
            {
                throw new InputException("a user id is 1 to 255 bytes without control characters");
            }
            if (Mail != "" && (Bytes.Utf8(Mail).Length > 254 || !Sides.IsMatch(Mail) || Blank.IsMatch(Mail)))
            {
                throw new InputException("an email is at most 254 bytes with exactly one @, something on both sides and no blank");
            }
        }

        /// <summary>A user id that is text, or a number beyond 2^53-1 as text: then the page must pass text too.</summary>
        public static Identity UserId(string userId)
        {
            return new Identity(userId, null);
        }

        /// <summary>A numeric user id; one that a browser would round is an InputException.</summary>
        public static Identity UserId(long userId)
        {
            if (userId > MaxNumber || userId < -MaxNumber)
            {
                throw new InputException("a numeric user id lies within 2^53-1; pass larger ones as text, here and in the page");
            }
            return new Identity(userId.ToString(CultureInfo.InvariantCulture), null);
        }

        public static Identity Email(string email)
        {
            return new Identity(null, email);
        }

        /// <summary>The same customer with an email beside, for tokens.</summary>
        public Identity WithEmail(string email)
        {
            return new Identity(User, email);
        }
    }
}
