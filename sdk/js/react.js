'use client';
import { createElement, Fragment, useEffect, useRef, useSyncExternalStore } from 'react';
import { current, hold, identify, initial, messenger, start, watch } from './binding.js';

export function CountersignProvider({ children, identity, user, logoutOnUnmount = false, onError, ...settings }) {
  const latest = useRef(undefined);
  useEffect(() => {
    latest.current = { logoutOnUnmount, onError };
  });
  // What is written anew in each render is told anew only if it says something else.
  const told = JSON.stringify(settings);
  const who = typeof identity === 'function' ? identity : JSON.stringify(identity);
  useEffect(() => {
    void start(settings, (error) => latest.current.onError?.(error));
  }, [told]);
  useEffect(() => identify(identity, user), [who, user]);
  useEffect(() => {
    const release = hold();
    return () => release(latest.current.logoutOnUnmount);
  }, []);
  return createElement(Fragment, null, children);
}

export function useCountersign() {
  return { ...useSyncExternalStore(watch, current, initial), ...messenger };
}
