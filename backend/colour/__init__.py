"""Profiles, tone curves, gray, and pixels of any depth: conversion to encoded sRGB and back."""
