using System;
using System.Collections.Generic;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Countersign
{
    internal static class Bytes
    {
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        /// <summary>The bytes of a text; half a surrogate pair, which .NET would replace, is an error.</summary>
        internal static byte[] Utf8(string text)
        {
            try
            {
                return Strict.GetBytes(text);
            }
            catch (EncoderFallbackException)
            {
                throw new InputException("a text is no valid Unicode");
            }
        }

        internal static string Text(byte[] bytes)
        {
            try
            {
                return Strict.GetString(bytes);
            }
            catch (ArgumentException)
            {
                throw new RefusedException("proof_malformed", "A parameter is not UTF-8.");
            }
        }

        internal static string Encode(byte[] data)
        {
            return Convert.ToBase64String(data).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        }

        /// <summary>Standard base64 with its padding, one spelling a value; empty if it is not.</summary>
        internal static byte[] Decode(string encoded)
        {
            try
            {
                byte[] data = Convert.FromBase64String(encoded);
                return Convert.ToBase64String(data) == encoded ? data : new byte[0];
            }
            catch (FormatException)
            {
                return new byte[0];
            }
        }

        internal static byte[] Hex(string digits)
        {
            var data = new byte[digits.Length / 2];
            for (int i = 0; i < data.Length; i++)
            {
                data[i] = byte.Parse(digits.Substring(2 * i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            }
            return data;
        }

        internal static string Hex(byte[] data)
        {
            return BitConverter.ToString(data).Replace("-", "").ToLowerInvariant();
        }

        internal static byte[] Sha256(byte[] key, byte[] message)
        {
            using (var mac = new HMACSHA256(key))
            {
                return mac.ComputeHash(message);
            }
        }

        internal static byte[] Sha1(byte[] key, byte[] message)
        {
            using (var mac = new HMACSHA1(key))
            {
                return mac.ComputeHash(message);
            }
        }

        /// <summary>In time that does not depend on the bytes; .NET Standard 2.0 has none of its own.</summary>
        internal static bool Same(byte[] a, byte[] b)
        {
            int differs = a.Length ^ b.Length;
            for (int i = 0; i < a.Length && i < b.Length; i++)
            {
                differs |= a[i] ^ b[i];
            }
            return differs == 0;
        }

        internal static byte[] Join(params byte[][] parts)
        {
            var all = new List<byte>();
            foreach (byte[] part in parts)
            {
                all.AddRange(part);
            }
            return all.ToArray();
        }
    }
}
